import type { ProviderConfig } from '../../../shared/runtime/config-schema.ts';
import { apple } from './apple/apple.ts';
import type { ProviderFormat } from './provider-format.ts';

/** Every provider format of this product. A new one is a folder beside this file and a row here. */
export const formats: Readonly<Record<ProviderConfig['format'], ProviderFormat>> = { apple };

/** The format that a provider's `format` setting names. */
export const formatOf = (name: ProviderConfig['format']): ProviderFormat => formats[name];
