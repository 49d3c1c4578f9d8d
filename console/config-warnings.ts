import { html, type Html } from './html.ts';
import type { ConfigState, OutdatedProcess } from '../shared/operator/config-state.ts';

/** What is not well with the configuration: nobody should believe that a change is in force when it is not. */
export const configWarnings = (state: ConfigState): Html => html`${problemList(state)}${reloadNotice(state)}`;

const problemList = ({ problems }: ConfigState): Html | false =>
  problems.length > 0 &&
  html`
    <div class="fault" role="alert">
      <p>
        The configuration file has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:
        running processes go on as they are, but none can be started again before that is mended.
      </p>
      <ul>
        ${problems.map(
          ({ source, line, path, message }) =>
            html`<li>
              ${source}${line !== undefined && `, line ${line}`}${path !== '' && html`: <code>${path}</code>`}:
              ${message}
            </li>`,
        )}
      </ul>
    </div>
  `;

const reloadNotice = ({ outdated }: ConfigState): Html | false =>
  outdated.length > 0 && html`<p class="warning">${reloadNeeded(outdated)}</p>`;

/** For people: who still runs with another configuration than the file has. */
export const reloadNeeded = (outdated: readonly OutdatedProcess[]): string => {
  const hosts = new Set(outdated.map(({ host }) => host));
  const names = outdated.map(({ daemon, host }) => (hosts.size > 1 ? `${daemon} on ${host}` : daemon));
  return `Reload needed: ${[...new Set(names)].join(', ')}. The file was changed after they have read it.`;
};
