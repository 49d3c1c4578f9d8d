import { html, type Html } from './html.ts';

/** Leads to `next` afterwards. The name is not filled in again: people type passwords there. */
export const signInForm = (next: string, refused = false): Html => html`
  ${
    refused &&
    html`
      <p class="fault" role="alert">
        Name or password is wrong, the user is disabled, or there were too many attempts. After many, wait for
        15 minutes.
      </p>
    `
  }
  <form method="post" action="/sign-in">
    <input type="hidden" name="next" value="${next}" />
    <label
      >Name <input name="name" required maxlength="32" autocomplete="username" autocapitalize="none"
    /></label>
    <label>
      Password
      <input type="password" name="password" required maxlength="128" autocomplete="current-password" />
    </label>
    <button type="submit">Sign in</button>
  </form>
`;
