/** What is nicer with a script; everything works without it. */

/** The same page again, of which only the content is taken. Not while somebody is about to act or types. */
async function refresh(main) {
  if (document.hidden || main.contains(document.activeElement) || main.querySelector('details[open]')) return;
  const answer = await fetch(location.href, { headers: { 'x-refresh': '1' }, redirect: 'error' });
  // The session has ended: the page says so, and offers to sign in.
  if (answer.status === 401) location.reload();
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.querySelector('main');
  if (fresh) main.replaceChildren(...fresh.childNodes);
}

const main = document.querySelector('main[data-refresh]');
if (main) setInterval(() => refresh(main).catch(() => undefined), Number(main.dataset.refresh) * 1000);

document.addEventListener('submit', (event) => {
  const warning = event.target.dataset.confirm;
  if (warning && !confirm(warning)) event.preventDefault();
});
