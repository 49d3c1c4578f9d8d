/** A page of a list that is read newest first, by key: no page costs more than another, however long the list is. */
export interface KeyPage {
  /** Only rows older than this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}
