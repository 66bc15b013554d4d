/* Elements by one call. No attribute is a style or a script: the policy of this page forbids them. */

function fill(element, attributes, inside) {
  for (const [name, value] of Object.entries(attributes)) {
    if ((value ?? null) !== null) element.setAttribute(name, value);
  }
  element.append(...inside.filter(Boolean));
  return element;
}

export const make = (name, attributes = {}, ...inside) => fill(document.createElement(name), attributes, inside);

export const draw = (name, attributes = {}, ...inside) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, inside);
