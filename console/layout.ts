import { html, type Html } from './html.ts';
import { menuGroups, type Page, type User } from './page.ts';
import { vendored, type Vendored } from './vendor.ts';
import { suffices } from '../shared/store/states/role.ts';

export const product = 'Device Enrolment';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

/** What surrounds every page. */
export interface Frame {
  readonly title: string;
  readonly path: string;
  readonly theme: Theme;
  readonly version: string;
  /** Missing on the pages of those who are not signed in. */
  readonly signedIn?: { readonly user: User; readonly csrf: string; readonly pages: readonly Page[] };
  readonly notice?: string | undefined;
  readonly refreshSeconds?: number | undefined;
}

/** A whole page around its content. */
export const layout = (frame: Frame, content: Html): string =>
  html`<!doctype html>
    <html lang="en" data-theme="${frame.theme}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${frame.title} · ${product}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        ${frame.signedIn && stylesheet(vendored.plotStyle)}
        <link rel="stylesheet" href="/assets/style.css" />
        ${frame.signedIn && scripts}
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
          <a class="product" href="/">${product}</a>
          ${frame.signedIn && account(frame.signedIn)} ${themeSwitch(frame)}
        </header>
        ${frame.signedIn && menu(frame, frame.signedIn)}
        <main
          id="main"
          tabindex="-1"
          ${frame.refreshSeconds !== undefined && refreshing(frame.refreshSeconds)}
        >
          <h1>${frame.title}</h1>
          ${frame.notice !== undefined && html`<p class="notice" role="status">${frame.notice}</p>`}
          ${content}
        </main>
        <footer>
          ${product} ${frame.version}
          ${frame.refreshSeconds !== undefined && html`<span data-refreshing></span>`}
        </footer>
      </body>
    </html> `.toString();

/**
 * What htmx must not do: run text as a script, ask another server, put in styles and scripts of its own (our policy
 * would refuse them), and keep what a page says after somebody has signed out.
 */
const htmxSettings = {
  allowEval: false,
  allowScriptTags: false,
  disableInheritance: true,
  historyCacheSize: 0,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
};

const stylesheet = ({ path, integrity }: Vendored): Html =>
  html`<link rel="stylesheet" href="${path}" integrity="${integrity}" />`;

const script = ({ path, integrity }: Vendored): Html =>
  html`<script src="${path}" integrity="${integrity}" defer></script>`;

const scripts = html`
  <meta name="htmx-config" content="${JSON.stringify(htmxSettings)}" />
  ${script(vendored.htmx)} ${script(vendored.serverSentEvents)} ${script(vendored.plots)}
  <script src="/assets/console.js" defer></script>
  <script src="/assets/plots.js" defer></script>
`;

/** The same page again, of which the content is taken. The header tells that nobody has asked for it. */
const refreshing = (seconds: number): Html =>
  html`hx-get="" hx-trigger="${`every ${seconds}s`}" hx-select="#main > *" hx-headers="${'{"x-refresh":"1"}'}"`;

const account = ({ user, csrf }: NonNullable<Frame['signedIn']>): Html => html`
  <div class="account">
    <span>Signed in as <strong>${user.name}</strong> (${user.role})</span>
    <a href="/account">Password</a>
    <form method="post" action="/sign-out">
      <input type="hidden" name="csrf" value="${csrf}" />
      <button type="submit" class="plain">Sign out</button>
    </form>
  </div>
`;

/** Links, so that it works without a script; the choice is kept in a cookie that says nothing of the user. */
const themeSwitch = ({ theme }: Frame): Html => html`
  <nav class="theme" aria-label="Theme">
    ${themes.map(
      (name) =>
        html`<a href="${`/theme/${name}`}" ${name === theme && html`aria-current="true"`}>${name}</a>`,
    )}
  </nav>
`;

function menu({ path }: Frame, { user, pages }: NonNullable<Frame['signedIn']>): Html {
  const shown = pages.filter((page) => page.menu !== undefined && suffices(user.role, page.role));
  const current = currentOf(path, shown);
  const groups = menuGroups.map((group) => ({ group, entries: shown.filter((page) => page.menu === group) }));
  return html`
    <nav class="menu" aria-label="Pages">
      ${groups
        .filter(({ entries }) => entries.length > 0)
        .map(
          ({ group, entries }) => html`
            <h2>${group}</h2>
            <ul>
              ${entries.map(
                (page) => html`
                  <li>
                    <a href="${page.path}" ${page === current && html`aria-current="page"`}>${page.title}</a>
                  </li>
                `,
              )}
            </ul>
          `,
        )}
    </nav>
  `;
}

/** The entry of the page itself, or of the one that it is reached from. */
const currentOf = (path: string, pages: readonly Page[]): Page | undefined =>
  pages.find((page) => page.path === path) ??
  pages.find((page) => page.path !== '/' && path.startsWith(`${page.path}/`));
