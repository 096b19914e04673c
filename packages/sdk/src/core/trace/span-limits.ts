/** How much one span may hold. What is over a limit is dropped and counted on the wire. Counts of 0 mean none at all. */
export interface SpanLimits {
  /** Attributes of a span. Default 128. */
  attributeCountLimit: number;
  /** UTF-16 units of a string value, alone or in an array; longer ones are cut. Default: no limit. */
  attributeValueLengthLimit: number;
  /** Events of a span; the oldest are dropped. Default 128. */
  eventCountLimit: number;
  /** Links of a span; the oldest are dropped. Default 128. */
  linkCountLimit: number;
  /** Attributes of one event. Default 128. */
  attributePerEventCountLimit: number;
  /** Attributes of one link. Default 128. */
  attributePerLinkCountLimit: number;
}

/** The defaults of the specification ("Span limits", "Attribute limits"). */
export const defaultSpanLimits: SpanLimits = {
  attributeCountLimit: 128,
  attributeValueLengthLimit: Number.POSITIVE_INFINITY,
  eventCountLimit: 128,
  linkCountLimit: 128,
  attributePerEventCountLimit: 128,
  attributePerLinkCountLimit: 128,
};
