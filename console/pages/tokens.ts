import {
  addToken,
  defaultDays,
  longestDays,
  makeApiToken,
  revokeToken,
  tokenState,
} from '../../shared/operator/api-tokens.ts';
import { listApiTokens, type ApiToken } from '../../shared/store/api-tokens.ts';
import { roles } from '../../shared/store/states/role.ts';
import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import { operatorOf, type Action, type Context, type Page } from '../page.ts';
import { select, status, table, time, type Kind } from '../parts.ts';

const path = '/tokens';
const revokePath = '/tokens/:token/revoke';

/** Programs that may use the HTTP API. */
export const tokensPage: Page = {
  path,
  title: 'API Tokens',
  menu: 'System Configuration',
  role: 'administrator',
  render: async (context) => {
    const tokens = await listApiTokens(context.db);
    return html`
      <p>
        A program that uses the HTTP API sends a token with every request. Give each program its own, with the
        least role that it needs.
      </p>
      ${addForm(context)}
      ${tokens.length === 0 ? html`<p>No program has a token.</p>` : tokenTable(context, tokens)}
    `;
  },
};

const addForm = (context: Context): Html =>
  actionForm(context, {
    action: path,
    label: 'Add a token',
    reason: true,
    fields: [
      html`<label>
        Name of the program <input name="name" required maxlength="32" autocomplete="off" />
      </label>`,
      select('role', 'Role', roles, 'viewer'),
      html`<label>
        Days until it expires
        <input type="number" name="days" required min="1" max="${longestDays}" value="${defaultDays}" />
      </label>`,
    ],
  });

const kinds: Readonly<Record<ReturnType<typeof tokenState>, Kind>> = {
  valid: 'ok',
  expired: 'warn',
  revoked: 'idle',
};

const tokenTable = (context: Context, tokens: readonly ApiToken[]): Html =>
  table(
    'Tokens of the HTTP API',
    ['Name', 'Role', 'State', 'Expires (UTC)', 'Last used (UTC)', 'Made by', 'Made (UTC)', 'Actions'],
    tokens.map((token) => {
      const state = tokenState(token, context.clock.now());
      return [
        token.name,
        token.role,
        status(kinds[state], state),
        time(token.expires_at),
        token.last_used_at === null ? 'never' : time(token.last_used_at),
        token.created_by,
        time(token.created_at),
        state !== 'revoked' && revokeForm(context, token),
      ];
    }),
  );

const revokeForm = (context: Context, { name }: ApiToken): Html =>
  actionForm(context, {
    action: pathTo(revokePath, { token: name }),
    label: 'Revoke',
    reason: true,
    warning: `The program that uses ${name} is let in no more. That cannot be taken back.`,
  });

/** It is shown now and never again: the store has only its digest. */
const shownOnce = (name: string, token: string): Html => html`
  <p class="notice">Give this token to the program ${name}, by a way that nobody else can read.</p>
  <pre>${token}</pre>
  <p>It is not shown again. <a href="${path}">API Tokens</a></p>
`;

export const tokenActions: readonly Action[] = [
  {
    path,
    title: 'Token added',
    role: 'administrator',
    run: async (context, request) => {
      const name = request.form.text('name');
      const role = request.form.choice('role', roles);
      const days = request.form.number('days');
      const token = makeApiToken();
      await addToken(context.db, operatorOf(context, request), { name, role, days }, token);
      return shownOnce(name, token);
    },
  },
  {
    path: revokePath,
    title: 'Revoke',
    role: 'administrator',
    run: async (context, request) => {
      const name = request.params.text('token');
      await revokeToken(context.db, operatorOf(context, request), name);
      return { to: path, notice: `The token ${name} is revoked.` };
    },
  },
];
