import type { Report } from '../limit-diagnostics.js';
import type { Aggregation } from './aggregation.js';
import { attributeShapes } from './attribute-shapes.js';
import type { CreateExemplars } from './create-exemplars.js';
import { createStream, whyNot } from './create-stream.js';
import type { InstrumentDescriptor } from './instrument-kinds.js';
import { isPattern, matchesView } from './match-view.js';
import type { NamedStream } from './meter.js';
import type { CreateStreams } from './meter-provider.js';
import type { MetricsOptions } from './metrics-options.js';
import type { AttributeKeys, View } from './view.js';

/** What the views that make one metric say together. */
interface StreamConfiguration extends Omit<View, 'attributeKeys' | 'aggregation'> {
  readonly attributeKeys: readonly AttributeKeys[];
  /** What makes sense of what was said; the last word counts. */
  readonly aggregation: Aggregation | undefined;
}

/** What instruments feed by the views there are (specification "Measurement processing"). */
export function streamsByView(
  options: MetricsOptions,
  report: Report,
  createExemplars: CreateExemplars = () => undefined,
): CreateStreams {
  const views = checkedViews(options, report);
  const isComposable = options.viewMatchingMode === 'composable';
  if (options.viewMatchingMode && !isComposable && options.viewMatchingMode !== 'independent')
    report('warn', 'bad-option', `viewMatchingMode cannot be ${options.viewMatchingMode}`);

  const isSensible = (aggregation: Aggregation | undefined, { kind, name }: InstrumentDescriptor): boolean => {
    const why = aggregation && whyNot(aggregation, kind);
    if (why) report('warn', 'bad-view', `${aggregation.type} cannot be made of ${name} (${kind}): ${why}.`);
    return !why;
  };

  const configurations = (instrument: InstrumentDescriptor, matching: readonly View[]): StreamConfiguration[] => {
    const keysOf = (group: readonly View[]) => group.flatMap(({ attributeKeys }) => attributeKeys ?? []);
    if (!isComposable)
      return matching.flatMap((view) =>
        // Such a view is as if it did not exist.
        isSensible(view.aggregation, instrument)
          ? [{ ...view, attributeKeys: keysOf([view]), aggregation: view.aggregation }]
          : [],
      );
    const names = new Set(matching.flatMap(({ name }) => name ?? []));
    return (names.size ? [...names] : [undefined]).map((name) => {
      const group = matching.filter((view) => view.name === undefined || view.name === name);
      const said: StreamConfiguration = Object.assign({}, ...group.map(withoutHoles));
      const aggregation = group
        .flatMap((view) => view.aggregation ?? [])
        .filter((each) => isSensible(each, instrument))
        .at(-1);
      return { ...said, attributeKeys: keysOf(group), aggregation };
    });
  };

  return (instrument, { scope, encoded }, pipeline, secrets) => {
    const matching = views.filter((view) => matchesView(view, instrument, scope));
    const configured = configurations(instrument, matching).filter(isFirstOfItsKind);
    const all: StreamConfiguration[] = configured.length ? configured : [{ attributeKeys: [], aggregation: undefined }];
    return all.flatMap((said): NamedStream[] => {
      const { kind } = instrument;
      const { reader } = pipeline;
      const own = said.aggregation && said.aggregation.type !== 'default' ? said.aggregation : undefined;
      const byReader = reader.aggregationOf?.(kind);
      const aggregation = own ?? (isSensible(byReader, instrument) ? byReader : undefined) ?? defaultAggregation;
      if (aggregation.type === 'drop') return [];
      const { name = instrument.name, description = instrument.description, attributeLimits, hashBuckets = {} } = said;
      const advised = instrument.attributeKeys && { included: instrument.attributeKeys };
      const attributeKeys = said.attributeKeys.length || !advised ? said.attributeKeys : [advised];
      const isMerging =
        attributeKeys.length > 0 || attributeLimits !== undefined || Object.keys(hashBuckets).length > 0;
      const stream = createStream(
        {
          instrument,
          scope: encoded,
          pipeline,
          name,
          description,
          temporality: reader.temporalityOf(kind),
          isMerging,
          exemplars: createExemplars({
            aggregation,
            instrument,
            pipeline,
            reservoir: said.exemplarReservoir,
            keepsAttributes: isMerging,
            secrets,
          }),
          rules: {
            keys: pipeline.keys,
            shapeOf: attributeShapes({ attributeKeys, hashBuckets, secrets }),
            maxAttributes: attributeLimits?.count,
            maxValueLength: attributeLimits?.valueLength,
            limit: said.aggregationCardinalityLimit ?? reader.limitOf(kind),
          },
        },
        aggregation,
      );
      return [{ name, description, unit: instrument.unit, stream }];
    });
  };
}

const defaultAggregation: Aggregation = { type: 'default' };

/** What comes out the same is one metric, not two that somebody adds up. */
function isFirstOfItsKind(one: StreamConfiguration, at: number, all: readonly StreamConfiguration[]): boolean {
  const identity = ({ exemplarReservoir: _, ...rest }: StreamConfiguration) =>
    JSON.stringify(
      Object.entries(rest)
        .filter(([option]) => !/^(instrument|meter)/.test(option))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return all.findIndex((other) => identity(other) === identity(one)) === at;
}

const withoutHoles = (view: View): View =>
  Object.fromEntries(Object.entries(view).filter(([, value]) => value !== undefined));

/** Views without what makes no sense in them, which is named. */
function checkedViews({ views = [] }: MetricsOptions, report: Report): View[] {
  const isCount = (value: unknown) => value === undefined || (typeof value === 'number' && value >= 1);
  return views.map((view) => {
    const { name, instrumentName = '*', aggregationCardinalityLimit: limit, hashBuckets = {} } = view;
    const wrong: (keyof View)[] = [];
    if (name !== undefined && isPattern(instrumentName)) wrong.push('name');
    if (!isCount(limit)) wrong.push('aggregationCardinalityLimit');
    if (!Object.values(hashBuckets).every((buckets) => Number.isSafeInteger(buckets) && buckets > 0))
      wrong.push('hashBuckets');
    if (!wrong.length) return view;
    report('warn', 'bad-view', `A view of ${instrumentName} cannot have this ${wrong.join()}; it is left out.`);
    return { ...view, ...Object.fromEntries(wrong.map((option) => [option, undefined])) };
  });
}
