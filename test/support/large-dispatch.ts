import { open } from 'node:fs/promises';

import { createMessage, encrypt } from '../../shared/pgp/library.ts';
import { keysOf, type KeyRing } from '../../shared/pgp/key-ring.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';

/** A Sales Order Dispatch of many orders, sealed piece by piece: it is in no memory whole, not even the test's. */
export interface LargeDispatch {
  readonly orders: number;
  readonly devicesPerOrder: number;
}

export const orderId = (n: number): string => String(1_000_000 + n);

function* documentOf({ orders, devicesPerOrder }: LargeDispatch): Generator<string, undefined> {
  // The header comes last, where a careful reader does not expect it.
  yield '{"interfaceCategory":"Sales Order","orders":[';
  for (let n = 0; n < orders; n++) {
    const devices = Array.from({ length: devicesPerOrder }, (_, k) => {
      const serial = `ZZLARGE${n.toString(36).padStart(4, '0')}${k.toString(36).padStart(2, '0')}`;
      const imei = String(350_000_000_000_000 + n * devicesPerOrder + k);
      return { deviceId: serial, serialNumber: serial, imei, manufacturer: 'Example' };
    });
    const order = {
      id: orderId(n),
      status: 'DISPATCHED',
      dispatchDateTime: '2026-01-13T16:00:00Z',
      deliveryNumber: `DN-${n}`,
      lines: [{ lineNumber: 1, devices }],
    };
    yield `${n === 0 ? '' : ','}${JSON.stringify(order)}`;
  }
  const header = {
    interfaceType: 'Sales Order Dispatch',
    version: 1.2,
    externalFileName: 'wh-large.json',
    recordCount: orders,
    wareHouse: { id: 'WH-EAST' },
  };
  yield `],${JSON.stringify(header).slice(1)}`;
  return undefined;
}

/** Writes the sealed file. @returns the size of the document inside, in bytes */
export async function writeLargeDispatch(
  path: string,
  dispatch: LargeDispatch,
  warehouse: KeyRing,
): Promise<number> {
  let bytes = 0;
  const parts = documentOf(dispatch);
  const document = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = parts.next();
      if (next.done === true) {
        controller.close();
        return;
      }
      const piece = Buffer.from(next.value);
      bytes += piece.length;
      controller.enqueue(piece);
    },
  });
  const sealed: unknown = await encrypt({
    message: await createMessage({ binary: document }),
    encryptionKeys: [...keysOf(warehouse, 'cmp')],
    signingKeys: [...warehouse.own],
    format: 'binary',
    config: pgpConfig,
  });
  const file = await open(path, 'wx');
  for await (const piece of sealed as AsyncIterable<Uint8Array>) await file.write(piece);
  await file.close();
  return bytes;
}
