/** What is nicer with a script; everything works without it. htmx fetches, this says when it may. */

const main = document.querySelector('main');
const sign = document.querySelector('[data-refreshing]');

/* The content is fetched anew, but not under the hands of somebody */

let typed = false;
main.addEventListener('input', () => (typed = true));

function isInUse() {
  const { activeElement } = document;
  const selection = getSelection();
  return (
    typed ||
    main.querySelector('details[open] form') !== null ||
    (main.contains(activeElement) && activeElement.matches('a, button, input, select, textarea, summary')) ||
    (selection.type === 'Range' && main.contains(selection.anchorNode))
  );
}

const say = (text) => {
  if (sign) sign.textContent = text;
};
const every = /every (\d+)s/.exec(main.getAttribute('hx-trigger') ?? '')?.[1];
say(`Refreshed every ${every} seconds.`);

main.addEventListener('htmx:beforeRequest', (event) => {
  if (event.target !== main) return;
  const inUse = isInUse();
  if (inUse || document.hidden) event.preventDefault();
  say(inUse ? 'Not refreshed while you use the page.' : `Refreshed every ${every} seconds.`);
});

/** Where the user has scrolled to, what stands open and has the focus, by name: it stays over a refresh. */
let kept = new Map();
const regions = () => [...main.querySelectorAll('[role="region"], [role="log"], pre, details')];
const nameOf = (region) =>
  region.getAttribute('aria-label') ?? region.querySelector('summary')?.textContent ?? region.tagName;

main.addEventListener('htmx:beforeSwap', (event) => {
  const { xhr } = event.detail;
  // The session has ended, or the page is no longer for this user: it says so itself.
  if ((xhr.status >= 400 && xhr.status < 500) || new URL(xhr.responseURL).pathname !== location.pathname) {
    event.detail.shouldSwap = false;
    location.reload();
    return;
  }
  kept = new Map(
    regions().map((region) => [
      nameOf(region),
      {
        left: region.scrollLeft,
        top: region.scrollTop,
        open: region.open,
        focused: region === document.activeElement,
      },
    ]),
  );
});
main.addEventListener('htmx:afterSwap', (event) => {
  if (event.target !== main) return;
  for (const region of regions()) {
    const before = kept.get(nameOf(region));
    if (before === undefined) continue;
    if (before.open) region.open = true;
    region.scrollTo(before.left, before.top);
    if (before.focused) region.focus({ preventScroll: true });
  }
});

/* Live lines of a log */

const mostLines = 1000;
const pause = document.querySelector('[data-pause]');
const live = document.querySelector('[data-live]');
/** Came while the display was paused. */
let waiting = [];

const isPaused = () => pause.getAttribute('aria-pressed') === 'true';

function append(list, pieces) {
  htmx.swap(list, pieces.join(''), { swapStyle: 'beforeend', swapDelay: 0, settleDelay: 0 });
  while (list.children.length > mostLines) list.firstElementChild.remove();
}

function listen(list) {
  pause.hidden = false;
  list.addEventListener('htmx:sseOpen', () => (live.textContent = 'New lines appear by themselves.'));
  list.addEventListener('htmx:sseError', () => (live.textContent = 'Not connected; it is tried again.'));
  list.addEventListener('htmx:sseBeforeMessage', (event) => {
    // After a break it goes on from here.
    const address = new URL(list.getAttribute('sse-connect'), location.href);
    address.searchParams.set('after', event.detail.lastEventId);
    list.setAttribute('sse-connect', address.pathname + address.search);
    event.preventDefault();
    if (!isPaused()) return append(list, [event.detail.data]);
    waiting = [...waiting, event.detail.data].slice(-mostLines);
    live.textContent = 'Paused; new lines wait.';
  });
  // The session has ended: the page offers to sign in.
  list.addEventListener('htmx:sseClose', (event) => event.detail.type === 'message' && location.reload());
  pause.addEventListener('click', () => {
    pause.setAttribute('aria-pressed', String(!isPaused()));
    live.textContent = isPaused() ? 'Paused.' : 'New lines appear by themselves.';
    if (!isPaused()) append(list, waiting.splice(0));
  });
}

const list = document.querySelector('[sse-connect]');
if (list) listen(list);

/* What cannot be undone is asked once more */

document.addEventListener('submit', (event) => {
  const warning = event.target.dataset.confirm;
  if (warning && !confirm(warning)) event.preventDefault();
});
