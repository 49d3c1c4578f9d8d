import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

import { answeredFile } from '../../daemons/adaptor/message-file.ts';
import { providerOf } from '../../daemons/adaptor/provider.ts';
import { inboxOf } from '../../shared/daemon/inboxes.ts';
import { deviceEnrolmentRequest } from '../../shared/generic/device-enrolment-request.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import type { LoadedConfig } from '../../shared/runtime/config.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { inboxNames, spoolFolder, type InboxName } from '../../shared/runtime/paths.ts';

/** Where a file belongs. */
export interface Found {
  readonly inbox: InboxName;
  /** How that is known. */
  readonly says: string;
  /** Relative to the spool, for a file that lies in it. */
  readonly place: string | undefined;
}

/** Interface -> the inbox that takes it. */
const takers = new Map<string, InboxName>([
  [deviceEnrolmentRequest.fileStem, 'outboundDeviceEnrolment'],
  [deviceEnrolmentResponse.fileStem, 'inboundDeviceEnrolment'],
  [salesOrderDispatch.fileStem, 'inboundSalesOrderDispatch'],
]);

/**
 * The inbox that a file is for: the one that is named, that it lies in, or that its name belongs to.
 *
 * @throws Fault NOT_FOUND for an inbox that there is not; BAD_INPUT when nothing tells
 */
export async function findInbox(loaded: LoadedConfig, file: string, named?: string): Promise<Found> {
  const place = await placeIn(loaded, file);
  const names = inboxNames(loaded.config);
  if (named !== undefined) {
    inboxOf(loaded.config, named);
    return { inbox: named as InboxName, says: `You have named ${named}.`, place };
  }
  const own = names.find((inbox) => place?.startsWith(`${inbox}/`));
  if (own !== undefined) return { inbox: own, says: `It lies in ${dirname(place ?? '')}.`, place };
  const byName = takersOf(loaded, basename(file));
  const [only] = byName;
  if (only !== undefined && byName.length === 1)
    return { inbox: only, says: `Its name is one of those that ${only} takes.`, place };
  throw new Fault(
    'BAD_INPUT',
    `neither its folder nor its name tells for which inbox ${basename(file)} is: --inbox, one of ${names.join(', ')}`,
  );
}

/** By real paths, since the spool may be a link. Undefined: elsewhere. */
async function placeIn(loaded: LoadedConfig, file: string): Promise<string | undefined> {
  const spool = await realpath(spoolFolder(loaded));
  // The folder of the file, and not what a link of that name leads to.
  const place = relative(spool, join(await realpath(dirname(file)), basename(file)));
  return place.startsWith('..') ? undefined : place;
}

function takersOf({ config }: LoadedConfig, name: string): InboxName[] {
  const generic = takers.get(name.split('.', 1)[0] ?? '');
  const { stem, transactionId } = answeredFile(name);
  const providers = Object.keys(config.providers).filter(
    (id) => transactionId !== undefined && Object.hasOwn(providerOf(config, id).format.stems, stem),
  );
  return [
    ...(generic === undefined ? [] : [generic]),
    ...providers.map((id): InboxName => `provider/${id}/inbound`),
  ];
}
