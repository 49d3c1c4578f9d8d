/** The processes of the product that go on, by the names that they have in log, store and settings. */
export const processNames = ['loader', 'extractor', 'adaptor', 'scheduler', 'console'] as const;
export type ProcessName = (typeof processNames)[number];
