import type { NoticeConfig } from '../runtime/notice-schema.ts';
import type { NoticeChannel } from '../store/states/probe.ts';

/** Ways of telling people that are set up. */
export const channelsOf = ({ mail, webhook }: NoticeConfig): NoticeChannel[] => [
  ...(mail.host === '' ? [] : (['mail'] as const)),
  ...(webhook.url === '' ? [] : (['webhook'] as const)),
];
