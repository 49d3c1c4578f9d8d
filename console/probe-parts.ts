import { html, type Html } from './html.ts';
import { status, type Kind } from './parts.ts';
import { needsLook } from '../shared/probes/probe-rules.ts';
import type { Reading } from '../shared/probes/probe.ts';
import type { ProbeState } from '../shared/store/states/probe.ts';

const kinds: Readonly<Record<ProbeState, Kind>> = {
  red: 'error',
  amber: 'warn',
  unknown: 'warn',
  green: 'ok',
};

export const probeStatus = (state: ProbeState): Html => status(kinds[state], state);

/** What somebody has to look at, each with the way to where it is seen, and mended. */
export function lookList(readings: readonly Reading[]): Html {
  const looked = readings.filter(needsLook);
  if (looked.length === 0)
    return html`<p class="notice">${status('ok', 'All is well')} Nothing needs anybody.</p>`;
  return html`
    <p class="${looked.some(({ state }) => state === 'red') ? 'fault' : 'warning'}">
      ${looked.length} thing(s) need a look:
    </p>
    <ul class="findings">
      ${looked.map(
        ({ state, sentence, link }) => html`<li>${probeStatus(state)} <a href="${link}">${sentence}</a></li>`,
      )}
    </ul>
  `;
}
