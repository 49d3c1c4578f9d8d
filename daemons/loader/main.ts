import { inboxTask, openInbox } from '../../shared/daemon/inboxes.ts';
import { openKeyRing } from '../../shared/daemon/keys.ts';
import type { Runtime, Work } from '../../shared/daemon/process.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import { loadFile } from './load-file.ts';

/** Inbox -> the interface it takes. */
const served = {
  inboundDeviceEnrolment: deviceEnrolmentResponse,
  inboundSalesOrderDispatch: salesOrderDispatch,
} as const;

/** Load · Device Enrolment · From Generic Format: generic files in, batches out. */
export async function loader(runtime: Runtime): Promise<Work> {
  const { inboxes, spool } = runtime.loaded.config;
  const names = Object.keys(served) as (keyof typeof served)[];
  const ring = await openKeyRing(runtime.loaded, [
    'own',
    ...names.flatMap((name) => (inboxes[name].encryption === 'required' ? inboxes[name].signedBy : [])),
  ]);
  const opened = await Promise.all(
    names.map(async (name) => ({
      known: served[name],
      inbox: await openInbox(runtime, name, inboxes[name]),
    })),
  );
  return {
    tasks: opened.map(({ inbox, known }) =>
      inboxTask(inbox, (file) => loadFile(runtime, file, { policy: inbox.settings, ring, known })),
    ),
    watch: opened.map(({ inbox }) => inbox.folders.in),
    intervalSeconds: spool.scanSeconds,
  };
}
