export type { OutcomeStatus } from '../outcome/held-traces.js';
export type { OutcomeRules } from '../outcome/outcome-rules.js';
export { type OutcomeSampling, outcomeSampling } from '../outcome/outcome-sampling.js';
export { alwaysOffSampler } from './always-off.js';
export { alwaysOnSampler } from './always-on.js';
export { alwaysRecordSampler } from './always-record.js';
export {
  type ComposableSampler,
  composableAlwaysOff,
  composableAlwaysOn,
  composableAnnotating,
  composableParentThreshold,
  composableProbability,
  composableRuleBased,
  type SamplingIntent,
  type SamplingQuestion,
  type SamplingRule,
} from './composable.js';
export { compositeSampler } from './composite.js';
export { environmentSampler } from './environment.js';
export { type ParentBasedOptions, parentBasedSampler } from './parent-based.js';
export { rateLimitingSampler } from './rate-limiting.js';
export { onRoute, type RoutePattern } from './routes.js';
export type { QuickSampler, Sampler, SamplingDecision, SamplingResult } from './sampler.js';
export { traceIdRatioSampler } from './trace-id-ratio.js';
