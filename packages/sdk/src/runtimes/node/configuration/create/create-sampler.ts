import type { Attributes, SpanKind } from '@opentelemetry/api';
import { matchesPattern } from '../../../../core/metrics/match-view.js';
import { alwaysOffSampler } from '../../../../core/sampling/always-off.js';
import { alwaysOnSampler } from '../../../../core/sampling/always-on.js';
import { alwaysRecordSampler } from '../../../../core/sampling/always-record.js';
import {
  type ComposableSampler,
  composableAlwaysOff,
  composableAlwaysOn,
  composableParentThreshold,
  composableProbability,
  composableRuleBased,
  type SamplingQuestion,
} from '../../../../core/sampling/composable.js';
import { compositeSampler } from '../../../../core/sampling/composite.js';
import { parentBasedSampler } from '../../../../core/sampling/parent-based.js';
import type { Sampler } from '../../../../core/sampling/sampler.js';
import { traceIdRatioSampler } from '../../../../core/sampling/trace-id-ratio.js';
import { jaegerRemoteSampler } from '../../jaeger-remote-sampler.js';
import type { ComposableSamplerModel, SamplerModel, SamplingRuleModel } from '../configuration-model.js';
import type { Creation } from './creation.js';

const samplerNames = [
  'always_on',
  'always_off',
  'always_record',
  'trace_id_ratio_based',
  'probability/development',
  'parent_based',
  'jaeger_remote/development',
  'composite/development',
];

/** `serviceName`: whose strategy Jaeger is asked for. */
export function createSampler(
  model: SamplerModel,
  path: string,
  creation: Creation,
  serviceName: string,
): Sampler | undefined {
  const create = (of: SamplerModel | undefined, at: string) =>
    of && createSampler(of, `${path}.${at}`, creation, serviceName);
  const [name] = Object.keys(model);
  switch (name) {
    case 'always_on':
      return alwaysOnSampler;
    case 'always_off':
      return alwaysOffSampler;
    case 'always_record': {
      const root = create(model.always_record?.root, 'always_record.root');
      return root && alwaysRecordSampler(root);
    }
    case 'trace_id_ratio_based':
      return traceIdRatioSampler(model.trace_id_ratio_based?.ratio ?? 1);
    case 'probability/development':
      return compositeSampler(composableProbability(model['probability/development']?.ratio ?? 1));
    case 'parent_based': {
      const parts = model.parent_based ?? {};
      return parentBasedSampler({
        root: create(parts.root, 'parent_based.root') ?? alwaysOnSampler,
        remoteParentSampled: create(parts.remote_parent_sampled, 'parent_based.remote_parent_sampled'),
        remoteParentNotSampled: create(parts.remote_parent_not_sampled, 'parent_based.remote_parent_not_sampled'),
        localParentSampled: create(parts.local_parent_sampled, 'parent_based.local_parent_sampled'),
        localParentNotSampled: create(parts.local_parent_not_sampled, 'parent_based.local_parent_not_sampled'),
      });
    }
    case 'jaeger_remote/development': {
      const { endpoint, interval, initial_sampler } = model['jaeger_remote/development']!;
      return jaegerRemoteSampler({
        serviceName,
        endpoint,
        pollingIntervalMs: interval ?? undefined,
        initialSampler: create(initial_sampler, 'jaeger_remote/development.initial_sampler'),
      });
    }
    case 'composite/development': {
      const composed = createComposable(model['composite/development']!, `${path}.composite/development`, creation);
      return composed && compositeSampler(composed);
    }
    default:
      return creation.plugin('Sampler', model, path, samplerNames);
  }
}

const composableNames = ['always_on', 'always_off', 'probability', 'parent_threshold', 'rule_based'];

function createComposable(
  model: ComposableSamplerModel,
  path: string,
  creation: Creation,
): ComposableSampler | undefined {
  const [name] = Object.keys(model);
  switch (name) {
    case 'always_on':
      return composableAlwaysOn;
    case 'always_off':
      return composableAlwaysOff;
    case 'probability':
      return composableProbability(model.probability?.ratio ?? 1);
    case 'parent_threshold': {
      const root = createComposable(model.parent_threshold!.root, `${path}.parent_threshold.root`, creation);
      return root && composableParentThreshold(root);
    }
    case 'rule_based':
      return composableRuleBased(
        (model.rule_based?.rules ?? []).flatMap((rule, at) => {
          const use = createComposable(rule.sampler, `${path}.rule_based.rules[${at}].sampler`, creation);
          return use ? [{ when: (question: SamplingQuestion) => holds(rule, question), use }] : [];
        }),
      );
    default:
      return creation.plugin('ComposableSampler', model, path, composableNames);
  }
}

const kinds: readonly string[] = ['internal', 'server', 'client', 'producer', 'consumer'];

/** All that a rule says is so. */
function holds(rule: SamplingRuleModel, { attributes, kind, parent }: SamplingQuestion): boolean {
  const { attribute_values: values, attribute_patterns: patterns, span_kinds: spanKinds, parent: parents } = rule;
  if (values && !textsOf(attributes, values.key).some((text) => values.values.includes(text))) return false;
  if (patterns) {
    const { included = ['*'], excluded = [] } = patterns;
    const isOne = (all: readonly string[], text: string) => all.some((pattern) => matchesPattern(pattern, text));
    if (!textsOf(attributes, patterns.key).some((text) => isOne(included, text) && !isOne(excluded, text)))
      return false;
  }
  if (spanKinds && !spanKinds.includes(kinds[kind as SpanKind] ?? '')) return false;
  return !parents || parents.includes(parent ? (parent.isRemote ? 'remote' : 'local') : 'none');
}

function textsOf(attributes: Readonly<Attributes>, key: string): string[] {
  const value = attributes[key];
  return (Array.isArray(value) ? value : [value]).filter((one) => one !== undefined && one !== null).map(String);
}
