/*
 * A configuration in memory (specification "In-Memory configuration model"), with the names of the file. `null`: the key is there without a value, which is another thing
 * than a key that is missing. Times are milliseconds.
 */

/** What a file says about a component that this package does not know itself. */
export type ConfigProperties = { readonly [name: string]: ConfigValue };
export type ConfigValue = string | number | boolean | null | readonly ConfigValue[] | ConfigProperties;

/** One component, by its name: `{ console: null }`, `{ otlp_http: { endpoint: … } }`, or a plugin's name and its properties. */
type Component<Known> = Partial<Known> & { readonly [plugin: string]: unknown };

type Nothing = ConfigProperties | null;
type Optional<T> = T | null | undefined;

export interface Configuration {
  readonly file_format: string;
  readonly disabled?: Optional<boolean>;
  readonly log_level?: Optional<string>;
  readonly attribute_limits?: AttributeLimitsModel | undefined;
  readonly resource?: ResourceModel | undefined;
  readonly propagator?: PropagatorModel | undefined;
  readonly tracer_provider?: TracerProviderModel | undefined;
  readonly meter_provider?: MeterProviderModel | undefined;
  readonly logger_provider?: LoggerProviderModel | undefined;
  readonly 'instrumentation/development'?: ConfigProperties | undefined;
  readonly distribution?: ConfigProperties | undefined;
}

export interface AttributeLimitsModel {
  readonly attribute_value_length_limit?: Optional<number>;
  readonly attribute_value_depth_limit?: Optional<number>;
  readonly attribute_count_limit?: Optional<number>;
}

interface IncludeExcludeModel {
  readonly included?: readonly string[] | undefined;
  readonly excluded?: readonly string[] | undefined;
}

export interface ResourceModel {
  readonly attributes?:
    | readonly {
        readonly name: string;
        readonly value: ConfigValue;
        readonly type?: Optional<string>;
      }[]
    | undefined;
  readonly attributes_list?: Optional<string>;
  readonly schema_url?: Optional<string>;
  readonly 'detection/development'?:
    | {
        readonly attributes?: IncludeExcludeModel | undefined;
        readonly detectors?: readonly Component<Record<'host' | 'os' | 'process' | 'service', Nothing>>[] | undefined;
      }
    | undefined;
}

export interface PropagatorModel {
  readonly composite?: readonly Component<Record<'tracecontext' | 'baggage' | 'b3' | 'b3multi', Nothing>>[] | undefined;
  readonly composite_list?: Optional<string>;
}

/* Ways out. */

interface OtlpModel {
  readonly endpoint?: Optional<string>;
  readonly headers?: readonly { readonly name: string; readonly value: string | null }[] | undefined;
  readonly headers_list?: Optional<string>;
  readonly compression?: Optional<string>;
  readonly timeout?: Optional<number>;
  readonly max_request_size?: Optional<number>;
  readonly max_response_size?: Optional<number>;
}

interface TlsModel {
  readonly ca_file?: Optional<string>;
  readonly key_file?: Optional<string>;
  readonly cert_file?: Optional<string>;
}

export interface OtlpHttpModel extends OtlpModel {
  readonly tls?: Optional<TlsModel>;
  readonly encoding?: Optional<'protobuf' | 'json'>;
}

export interface OtlpGrpcModel extends OtlpModel {
  readonly tls?: Optional<TlsModel & { readonly insecure?: Optional<boolean> }>;
}

interface OtlpFileModel {
  readonly output_stream?: Optional<string>;
}

interface ZipkinModel {
  readonly endpoint?: Optional<string>;
  readonly timeout?: Optional<number>;
}

/** What an exporter of metrics may say beside what others do. */
export interface MetricPreferences {
  readonly temporality_preference?: Optional<'cumulative' | 'delta' | 'low_memory'>;
  readonly default_histogram_aggregation?: Optional<'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram'>;
}

interface ExporterKinds {
  readonly otlp_http: OtlpHttpModel | null;
  readonly otlp_grpc: OtlpGrpcModel | null;
  readonly 'otlp_file/development': OtlpFileModel | null;
  readonly console: Nothing;
  /** Of spans alone. */
  readonly zipkin: ZipkinModel | null;
}

export type ExporterModel = Component<ExporterKinds>;

/* Providers. */

export interface BatchingModel {
  readonly schedule_delay?: Optional<number>;
  readonly export_timeout?: Optional<number>;
  readonly max_queue_size?: Optional<number>;
  readonly max_export_batch_size?: Optional<number>;
  readonly exporter: ExporterModel;
}

export type ProcessorModel = Component<{
  readonly batch: BatchingModel;
  readonly simple: { readonly exporter: ExporterModel };
}>;

export interface SpanLimitsModel extends AttributeLimitsModel {
  readonly event_count_limit?: Optional<number>;
  readonly link_count_limit?: Optional<number>;
  readonly event_attribute_count_limit?: Optional<number>;
  readonly link_attribute_count_limit?: Optional<number>;
}

/** Which scopes are on, by name, in which `*` and `?` stand for any characters and any one. */
interface ConfiguratorModel<C> {
  readonly default_config?: C | undefined;
}

interface EnabledModel {
  readonly enabled?: Optional<boolean>;
}

interface LoggerConfigModel extends EnabledModel {
  readonly minimum_severity?: Optional<string>;
  readonly trace_based?: Optional<boolean>;
}

interface NamedConfig<C> {
  readonly name: string;
  readonly config: C;
}

interface TracerProviderModel {
  readonly processors: readonly ProcessorModel[];
  readonly limits?: SpanLimitsModel | undefined;
  readonly sampler?: SamplerModel | undefined;
  readonly id_generator?: Component<{ readonly random: Nothing }> | undefined;
  readonly 'tracer_configurator/development'?:
    | (ConfiguratorModel<EnabledModel> & { readonly tracers?: readonly NamedConfig<EnabledModel>[] | undefined })
    | undefined;
}

export interface LoggerProviderModel {
  readonly processors: readonly ProcessorModel[];
  readonly limits?: AttributeLimitsModel | undefined;
  readonly 'logger_configurator/development'?:
    | (ConfiguratorModel<LoggerConfigModel> & {
        readonly loggers?: readonly NamedConfig<LoggerConfigModel>[] | undefined;
      })
    | undefined;
}

export interface MeterProviderModel {
  readonly readers: readonly MetricReaderModel[];
  readonly views?: readonly ViewModel[] | undefined;
  readonly exemplar_filter?: Optional<'always_on' | 'always_off' | 'trace_based'>;
  readonly 'meter_configurator/development'?:
    | (ConfiguratorModel<EnabledModel> & { readonly meters?: readonly NamedConfig<EnabledModel>[] | undefined })
    | undefined;
}

interface ReadingModel {
  readonly producers?: readonly Component<object>[] | undefined;
  /** `default`, or by kind of instrument. */
  readonly cardinality_limits?: Readonly<Record<string, Optional<number>>> | undefined;
}

export interface PeriodicReaderModel extends ReadingModel {
  readonly interval?: Optional<number>;
  readonly timeout?: Optional<number>;
  readonly 'max_export_batch_size/development'?: Optional<number>;
  readonly exporter: Component<{
    readonly [K in Exclude<keyof ExporterKinds, 'zipkin'>]: (ExporterKinds[K] & MetricPreferences) | null;
  }>;
}

interface PrometheusModel {
  readonly host?: Optional<string>;
  readonly port?: Optional<number>;
  readonly scope_info_enabled?: Optional<boolean>;
  readonly 'target_info_enabled/development'?: Optional<boolean>;
  readonly resource_constant_labels?: IncludeExcludeModel | undefined;
  readonly translation_strategy?: Optional<string>;
}

export interface PullReaderModel extends ReadingModel {
  readonly exporter: Component<{ readonly 'prometheus/development': PrometheusModel | null }>;
}

export interface MetricReaderModel {
  readonly periodic?: PeriodicReaderModel | undefined;
  readonly pull?: PullReaderModel | undefined;
}

export interface ViewModel {
  readonly selector: {
    readonly instrument_name?: Optional<string>;
    readonly instrument_type?: Optional<string>;
    readonly unit?: Optional<string>;
    readonly meter_name?: Optional<string>;
    readonly meter_version?: Optional<string>;
    readonly meter_schema_url?: Optional<string>;
  };
  readonly stream: {
    readonly name?: Optional<string>;
    readonly description?: Optional<string>;
    readonly aggregation?: AggregationModel | undefined;
    readonly aggregation_cardinality_limit?: Optional<number>;
    readonly attribute_keys?: IncludeExcludeModel | undefined;
  };
}

export type AggregationModel = Partial<{
  readonly default: Nothing;
  readonly drop: Nothing;
  readonly last_value: Nothing;
  readonly sum: Nothing;
  readonly explicit_bucket_histogram: {
    readonly boundaries?: readonly number[] | undefined;
    readonly record_min_max?: Optional<boolean>;
  } | null;
  readonly base2_exponential_bucket_histogram: {
    readonly max_scale?: Optional<number>;
    readonly max_size?: Optional<number>;
    readonly record_min_max?: Optional<boolean>;
  } | null;
}>;

/* Samplers. */

interface RatioModel {
  readonly ratio?: Optional<number>;
}

interface ParentBasedModel {
  readonly root?: SamplerModel | undefined;
  readonly remote_parent_sampled?: SamplerModel | undefined;
  readonly remote_parent_not_sampled?: SamplerModel | undefined;
  readonly local_parent_sampled?: SamplerModel | undefined;
  readonly local_parent_not_sampled?: SamplerModel | undefined;
}

interface JaegerRemoteModel {
  readonly endpoint: string;
  readonly interval?: Optional<number>;
  readonly initial_sampler: SamplerModel;
}

interface SamplerKinds {
  readonly always_on: Nothing;
  readonly always_off: Nothing;
  readonly always_record: { readonly root: SamplerModel };
  readonly trace_id_ratio_based: RatioModel | null;
  readonly 'probability/development': RatioModel | null;
  readonly parent_based: ParentBasedModel | null;
  readonly 'jaeger_remote/development': JaegerRemoteModel;
  readonly 'composite/development': ComposableSamplerModel;
}

export interface SamplerModel extends Component<SamplerKinds> {}

export interface SamplingRuleModel {
  readonly attribute_values?: { readonly key: string; readonly values: readonly string[] } | undefined;
  readonly attribute_patterns?: ({ readonly key: string } & IncludeExcludeModel) | undefined;
  readonly span_kinds?: readonly string[] | undefined;
  readonly parent?: readonly string[] | undefined;
  readonly sampler: ComposableSamplerModel;
}

export interface ComposableSamplerModel
  extends Component<{
    readonly always_on: Nothing;
    readonly always_off: Nothing;
    readonly probability: RatioModel | null;
    readonly parent_threshold: { readonly root: ComposableSamplerModel };
    readonly rule_based: { readonly rules?: readonly SamplingRuleModel[] | undefined } | null;
  }> {}
