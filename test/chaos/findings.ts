/** What is wrong after a kill. */
export const defects = ['lost', 'doubled', 'halfVisible', 'plaintextOnDisk'] as const;
export type Defect = (typeof defects)[number];

export interface Finding {
  readonly defect: Defect;
  readonly what: string;
}

/** What kills have brought to light. */
export interface Tally {
  kills: number;
  /** Kills that interrupted something. */
  hits: number;
  /** Files whose end was looked at. */
  files: number;
  readonly findings: Finding[];
}

export const emptyTally = (): Tally => ({ kills: 0, hits: 0, files: 0, findings: [] });

export const countOf = (defect: Defect, findings: readonly Finding[]): number =>
  findings.filter((finding) => finding.defect === defect).length;

export function addTo(tally: Tally, more: Tally): void {
  tally.kills += more.kills;
  tally.hits += more.hits;
  tally.files += more.files;
  tally.findings.push(...more.findings);
}
