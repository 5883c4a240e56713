// What the pages can do with JavaScript and also do without: nothing that must be read depends on this file.

// Whatever scrolls sideways can be scrolled by keyboard.
const SCROLLERS = "article pre, .figure-frame, .table-wrapper, .tensorglass, .output_html, .rendered_html";

function makeScrollersFocusable() {
  for (const element of document.querySelectorAll(SCROLLERS)) {
    const scrolls = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible";
    if (scrolls && !element.hasAttribute("tabindex")) {
      element.setAttribute("tabindex", "0");
      element.setAttribute("role", "group");
      element.setAttribute("aria-label", "Wider than the screen, can be scrolled sideways");
      element.dataset.scrolls = "";
    } else if (!scrolls && "scrolls" in element.dataset) {
      for (const name of ["tabindex", "role", "aria-label", "data-scrolls"]) element.removeAttribute(name);
    }
  }
}

// One button copies the page's code, solutions included, with the script's metadata above it.
function offerAllCode(bar) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy all code";
  button.addEventListener("click", async () => {
    const blocks = document.querySelectorAll("article .highlight-Python pre");
    const code = [...blocks].map((block) => block.textContent.trim());
    await copy([bar.dataset.metadata, ...code].filter(Boolean).join("\n\n") + "\n");
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy all code"; }, 2000);
  });
  bar.prepend(button);
}

// Another opens all that carries a proof and is folded, or closes it again.
function offerToUnfold(bar) {
  const parts = [...document.querySelectorAll("article details.more")];
  if (!parts.length) return;
  const button = document.createElement("button");
  button.type = "button";
  const name = () => { button.textContent = parts.every((part) => part.open) ? "Fold all" : "Unfold all"; };
  button.addEventListener("click", () => {
    const open = !parts.every((part) => part.open);
    for (const part of parts) part.open = open;
    name();
  });
  for (const part of parts) part.addEventListener("toggle", name);
  name();
  bar.append(button);
}

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // pages opened from a folder have no clipboard of their own
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// Print opens what is folded, also in browsers that cannot do so by style alone.
function openFolded() {
  for (const folded of document.querySelectorAll("article details:not([open])")) {
    folded.open = true;
    folded.dataset.opened = "";
  }
}

function closeFolded() {
  for (const folded of document.querySelectorAll("details[data-opened]")) {
    folded.open = false;
    delete folded.dataset.opened;
  }
}

// Whether an element scrolls depends on its width and on its content: the window, its images, what is unfolded in it.
function watchScrollers() {
  const sizes = new ResizeObserver(makeScrollersFocusable);
  for (const element of document.querySelectorAll(SCROLLERS)) {
    const parts = element.matches("pre") ? [] : element.children; // the parts of code are inline: they have no size
    for (const each of [element, ...parts]) sizes.observe(each);
  }
}

// The theme writes the way back to the top outside of all landmarks, where screen readers that go by these miss it.
function takeIntoArticle(link) {
  document.querySelector("article").append(link);
}

makeScrollersFocusable();
watchScrollers();
document.querySelectorAll(".back-to-top").forEach(takeIntoArticle);
document.querySelectorAll(".page-actions[data-metadata]").forEach(offerAllCode);
document.querySelectorAll(".page-actions[data-metadata]").forEach(offerToUnfold);
addEventListener("beforeprint", openFolded);
addEventListener("afterprint", closeFolded);

// On a phone the list of a page's sections lies over the page: it closes when one of them is chosen.
document.querySelector(".toc-drawer")?.addEventListener("click", ({ target }) => {
  if (target.closest("a")) document.getElementById("__toc").checked = false;
});
