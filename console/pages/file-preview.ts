import { actionForm } from '../form.ts';
import { html, type Html } from '../html.ts';
import { pathTo } from '../links.ts';
import type { Action, Context } from '../page.ts';
import { facts, status, table } from '../parts.ts';
import { fileLink } from '../shown.ts';
import {
  previewBytes,
  previewFile,
  type Preview,
  type Recipient,
} from '../../shared/operator/file-preview.ts';
import type { Protection } from '../../shared/pgp/envelope.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';

/** A look into a file: a POST, since each is written into the audit. */
export const previewAction: Action = {
  path: '/files/:file/preview',
  title: 'A Look into a File',
  role: 'operator',
  run: async ({ loaded, db, user, clock }, { params }) => {
    const looker = { who: user.name, now: clock.now() };
    return previewOf(await previewFile(loaded, db, looker, params.number('file')));
  },
};

export const previewForm = (context: Context, { id }: Delivery): Html =>
  actionForm(context, {
    action: pathTo('/files/:file/preview', { file: id }),
    label: 'Look into it',
    reason: false,
    fields: html`<p>What is shown may be about customers: each look is kept in the audit.</p>`,
  });

const previewOf = ({ file, name, content, reason }: Preview): Html => html`
  ${facts([
    ['File', fileLink(file)],
    ['Name', name],
    ['Bytes', 'size' in content && content.size],
  ])}
  ${contentOf(content)}
  ${
    reason !== null &&
    html`<h2>The reason file beside it</h2>
      <pre tabindex="0" aria-label="Reason file">${reason}</pre>`
  }
`;

function contentOf(content: Preview['content']): Html {
  switch (content.kind) {
    case 'text':
      return html`
        <h2>Content</h2>
        ${content.cut && html`<p>Only the first ${previewBytes} bytes are shown.</p>`}
        ${content.damaged > 0 && damaged(content.damaged)}
        <pre tabindex="0" aria-label="Content">${content.text}</pre>
      `;
    case 'sealed':
      return html`
        <h2>Envelope</h2>
        <p>The file is sealed: its content is not shown.</p>
        ${facts([['Protected by', protections[content.protection]]])}${recipientTable(content.recipients)}
      `;
    case 'nothing':
      return html`<p class="warning">${content.why}</p>`;
  }
}

const damaged = (count: number): Html =>
  html`<p class="warning">${count} byte(s) are not UTF-8; they stand here as <code>\\xFF</code>.</p>`;

const protections: Readonly<Record<Protection, string>> = {
  'modification detection code': 'a modification detection code (SEIPD version 1)',
  aead: 'AEAD, chunk by chunk (SEIPD version 2, or that of GnuPG)',
};

const recipientTable = (recipients: readonly Recipient[]): Html =>
  table(
    'Keys that it is encrypted to',
    ['Key id', 'Whose'],
    recipients.map(({ keyId, ours }) => [
      keyId === null ? 'hidden by the sender' : html`<span class="code">${keyId}</span>`,
      ours ? status('ok', 'ours') : keyId === null ? '' : status('warn', 'not ours'),
    ]),
  );
