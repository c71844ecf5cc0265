/**
 * Writes one cell into this document, when the page says so: a frame without an origin, which can
 * reach neither this document nor the page, and gets one end of a channel to the page.
 *
 * `frame-src 'none'` in this document's policy keeps the cell from going anywhere else: an address
 * could carry data out.
 */

addEventListener("message", (event) => {
  if (event.source !== parent || event.origin !== location.origin || document.querySelector("iframe")) return;
  const cell = document.createElement("iframe");
  cell.setAttribute("sandbox", "allow-scripts");
  cell.title = "Orion";
  cell.style.cssText = "position: absolute; inset: 0; width: 100%; height: 100%; border: 0";
  cell.srcdoc = event.data.document;
  cell.addEventListener("load", () => cell.contentWindow?.postMessage("port", "*", [...event.ports]), { once: true });
  document.body.append(cell);
});
parent.postMessage("host", location.origin);
