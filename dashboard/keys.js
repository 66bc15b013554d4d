/*
 * Keys for the whole page. A key is the reader's own where it is typed into a field, or held with another, and an arrow
 * where it scrolls a table.
 */

const FIELDS = "input:not([type=checkbox]), select, textarea, [contenteditable]";

/** Calls keys[key] when that key is pressed and wanted() says so. */
export function listen(wanted, keys) {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || !Object.hasOwn(keys, event.key) || !wanted()) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { target } = event;
    if (target.closest?.(FIELDS) || (event.key.startsWith("Arrow") && target.closest?.(".days"))) return;
    event.preventDefault();
    keys[event.key]();
  });
}
