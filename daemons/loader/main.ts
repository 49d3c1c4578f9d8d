import { inboxTask, openInbox } from '../../shared/daemon/inboxes.ts';
import { KeysInUse } from '../../shared/daemon/keys-in-use.ts';
import type { Runtime, Work } from '../../shared/daemon/process.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import { loaderFindings } from '../../shared/runtime/config-rules.ts';
import { ConfigFault } from '../../shared/runtime/config.ts';
import type { Inbox } from '../../shared/spool/inbox.ts';
import { Endpoint } from './endpoint.ts';
import { loadFile } from './load-file.ts';

/** Inbox -> the interface it takes. */
const served = {
  inboundDeviceEnrolment: deviceEnrolmentResponse,
  inboundSalesOrderDispatch: salesOrderDispatch,
} as const;

/**
 * Load · Device Enrolment · From Generic Format: generic files in, batches out.
 *
 * @param address HOST:PORT to listen on, whatever the configuration says; empty: not at all
 * @throws Fault CONFIG_INVALID, LISTEN_FAILED, KEY_…, SPOOL_…
 */
export async function loader(
  runtime: Runtime,
  address = runtime.loaded.config.loader.listen.address,
): Promise<Work> {
  const { inboxes, spool } = runtime.loaded.config;
  const names = Object.keys(served) as (keyof typeof served)[];
  const keys = await KeysInUse.open(runtime, [
    'own',
    ...names.flatMap((name) => (inboxes[name].encryption === 'required' ? inboxes[name].signedBy : [])),
  ]);
  const opened = await Promise.all(
    names.map(async (name) => ({
      known: served[name],
      inbox: await openInbox(runtime, name, inboxes[name]),
    })),
  );
  const tasks = opened.map(({ inbox, known }) =>
    inboxTask(inbox, (file) => loadFile(runtime, file, { policy: inbox.settings, keys, known })),
  );
  const posted = opened.find(({ inbox }) => inbox.name === 'inboundDeviceEnrolment');
  const endpoint = posted && address !== '' ? [await openEndpoint(runtime, posted.inbox, address)] : [];
  return {
    tasks: [keys.task, ...endpoint, ...tasks],
    watch: opened.map(({ inbox }) => inbox.folders.in),
    intervalSeconds: spool.scanSeconds,
    finish: () => keys.pgp.close(),
  };
}

/** @throws Fault CONFIG_INVALID when an address from the command line needs settings that are missing */
async function openEndpoint(runtime: Runtime, inbox: Inbox, address: string): Promise<Endpoint> {
  const { loaded } = runtime;
  const listen = { ...loaded.config.loader.listen, address };
  const findings = loaderFindings({ ...loaded.config, loader: { listen } });
  if (findings.length > 0) {
    throw new ConfigFault(
      findings.map(({ path, message }) => ({ source: loaded.file, path: path.join('.'), message })),
    );
  }
  return Endpoint.open(runtime, inbox, listen);
}
