import { z } from 'zod';

import type { ProviderConfig } from '../../../shared/runtime/provider-schema.ts';

/** Our account. In the product this stands in shared/runtime/provider-schema.ts. */
export const acmeAccount = z.strictObject({
  reseller: z
    .string()
    .regex(/^\d{1,10}$/, 'digits, in quotes')
    .describe('our number at Acme'),
});

/** In the product this is ProviderConfigOf<'acme'>. */
export interface AcmeSettings extends Pick<ProviderConfig, 'limits'> {
  readonly account: z.infer<typeof acmeAccount>;
}
