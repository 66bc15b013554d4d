/*
 * The token. It lives in sessionStorage, which ends with the tab, under its project's name, so no project is asked with
 * the token of another. It is never in the address.
 */

const name = (project) => `daybook:${project}`;

export const token = (project) => sessionStorage.getItem(name(project));
export const keep = (project, value) => sessionStorage.setItem(name(project), value);
export const forget = (project) => sessionStorage.removeItem(name(project));

/**
 * Takes the fragment out of the address, whatever it is. If it was #PROJECT:TOKEN, the token is kept and the project
 * returned, or else null.
 */
export function takeFragment() {
  if (!location.hash) return null;
  const fragment = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const [, project, value] = /^([^:]+):(pat-\S+)$/.exec(decodeURIComponent(fragment)) ?? [];
    if (project) keep(project, value);
    return project ?? null;
  } catch { // a percent sign that encodes nothing
    return null;
  }
}
