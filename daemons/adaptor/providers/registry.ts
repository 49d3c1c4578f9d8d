import type { ProviderConfig } from '../../../shared/runtime/provider-schema.ts';
import { apple } from './apple/apple.ts';
import { configured } from './configured/configured.ts';
import { googleZeroTouch } from './google-zero-touch/google-zero-touch.ts';
import type { ProviderFormat } from './provider-format.ts';
import { samsungKnox } from './samsung-knox/samsung-knox.ts';
import { windowsAutopilot } from './windows-autopilot/windows-autopilot.ts';

/** The format of a configured provider. A new format is a folder beside this file and a case here. */
export function formatOf(settings: ProviderConfig): ProviderFormat {
  switch (settings.format) {
    case 'apple':
      return apple(settings);
    case 'google-zero-touch':
      return googleZeroTouch(settings);
    case 'samsung-knox':
      return samsungKnox(settings);
    case 'windows-autopilot':
      return windowsAutopilot(settings);
    case 'configured':
      return configured(settings);
  }
}
