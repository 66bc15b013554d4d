// No sidebar, no search: one page. Its modules come from node_modules, so the site asks nobody else for anything.
export default {
  root: "src", title: "Daybook", search: false, sidebar: false, toc: false, pager: false, globalStylesheets: [], head: "",
};
