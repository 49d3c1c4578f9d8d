import { expect, test } from '@jest/globals';

import { playThrough } from '../../../bin/explain/play-through.ts';
import { deviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { writeDocument } from '../../../shared/generic/document.ts';
import { fixedKeys } from '../../../shared/daemon/keys.ts';
import { contentOf } from '../../../shared/spool/received-file.ts';
import { requireBatch } from '../../../shared/store/batches.ts';
import { ringOf } from '../../support/pgp.ts';
import { addSeen } from '../../support/store-examples.ts';
import { adaptorRuntime, extracted, order } from '../adaptor/scenes.ts';

test('a request that cannot be mapped would leave its batch in error, and leaves it as it is', async () => {
  const rt = await adaptorRuntime();
  const document = await extracted(rt, [order(1, 1)], { deviceEnrolmentProviderId: 'nobody' });
  const bytes = Buffer.from(writeDocument(deviceEnrolmentRequest, document));
  const delivery = await addSeen(rt.db, rt.worker, 'x', 'outboundDeviceEnrolment');
  const file = { ...contentOf(bytes), name: 'x', digest: '', size: bytes.length, delivery };
  const policy = { ...rt.loaded.config.inboxes.outboundDeviceEnrolment, encryption: 'none' } as const;
  const keys = fixedKeys(ringOf([]));
  const played = await playThrough(rt, keys, 'outboundDeviceEnrolment', policy, file);
  expect(played).toMatchObject({
    fault: { code: 'UNKNOWN_PROVIDER' },
    consequences: [
      expect.stringMatching(/^Batch 1 stands at Transformation · Error \(x: UNKNOWN_PROVIDER: /),
    ],
  });
  const { stage, status } = await requireBatch(rt.db, document.identifier);
  expect({ stage, status }).toEqual({ stage: 'Extract/Load', status: 'Complete' });
  await rt.close();
});
