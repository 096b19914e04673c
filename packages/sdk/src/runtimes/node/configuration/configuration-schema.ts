import type { ComponentSchema, MapSchema, Schema } from './schema.js';
import { severityNames } from './severity-names.js';

const text = { is: 'text' } as const;
const textOrNull = { is: 'text', orNull: true } as const;
const flag = { is: 'boolean', orNull: true } as const;
const count = { is: 'whole', least: 0, orNull: true } as const;
const positive = { is: 'whole', least: 1, orNull: true } as const;
const ratio = { is: 'number', least: 0, most: 1, orNull: true } as const;
const nothing = { is: 'map', keys: {}, orNull: true } as const;
const texts = { is: 'list', of: text, least: 1 } as const;
const includeExclude = { is: 'map', keys: { included: texts, excluded: texts } } as const;
const properties = { is: 'properties' } as const;

const severity = (): Schema => ({
  is: 'word',
  of: severityNames.flatMap((name) => ['', '2', '3', '4'].map((digit) => name + digit)),
  orNull: true,
});

/* Ways out. */

const exporter = {
  endpoint: textOrNull,
  headers: {
    is: 'list',
    of: { is: 'map', keys: { name: text, value: textOrNull }, needs: ['name', 'value'] },
    least: 1,
  },
  headers_list: textOrNull,
  compression: textOrNull,
  timeout: count,
  max_request_size: count,
  max_response_size: positive,
} as const;
const tlsFiles = { ca_file: textOrNull, key_file: textOrNull, cert_file: textOrNull } as const;
const otlpHttp = {
  ...exporter,
  tls: { is: 'map', keys: tlsFiles, orNull: true },
  encoding: { is: 'word', of: ['protobuf', 'json'], orNull: true },
} as const;
const otlpGrpc = { ...exporter, tls: { is: 'map', keys: { ...tlsFiles, insecure: flag }, orNull: true } } as const;
const otlpFile = { output_stream: textOrNull } as const;
/** What an exporter of metrics may say beside. */
const ofMetrics = {
  temporality_preference: { is: 'word', of: ['cumulative', 'delta', 'low_memory'], orNull: true },
  default_histogram_aggregation: {
    is: 'word',
    of: ['explicit_bucket_histogram', 'base2_exponential_bucket_histogram'],
    orNull: true,
  },
} as const;
const zipkin: Schema = { is: 'map', keys: { endpoint: textOrNull, timeout: count }, orNull: true };

const exporters = {
  otlp_http: { is: 'map', keys: otlpHttp, orNull: true },
  otlp_grpc: { is: 'map', keys: otlpGrpc, orNull: true },
  'otlp_file/development': { is: 'map', keys: otlpFile, orNull: true },
  console: nothing,
} as const;
const spanExporter: ComponentSchema = { is: 'component', type: 'SpanExporter', kinds: { ...exporters, zipkin } };
const logRecordExporter: ComponentSchema = { is: 'component', type: 'LogRecordExporter', kinds: exporters };
const pushMetricExporter: ComponentSchema = {
  is: 'component',
  type: 'PushMetricExporter',
  kinds: {
    otlp_http: { is: 'map', keys: { ...otlpHttp, ...ofMetrics }, orNull: true },
    otlp_grpc: { is: 'map', keys: { ...otlpGrpc, ...ofMetrics }, orNull: true },
    'otlp_file/development': { is: 'map', keys: { ...otlpFile, ...ofMetrics }, orNull: true },
    console: { is: 'map', keys: ofMetrics, orNull: true },
  },
};
const pullMetricExporter: ComponentSchema = {
  is: 'component',
  type: 'PullMetricExporter',
  kinds: {
    'prometheus/development': {
      is: 'map',
      keys: {
        host: textOrNull,
        port: { is: 'whole', least: 0, most: 65_535, orNull: true },
        scope_info_enabled: flag,
        'target_info_enabled/development': flag,
        resource_constant_labels: includeExclude,
        translation_strategy: {
          is: 'word',
          of: [
            'underscore_escaping_with_suffixes',
            'underscore_escaping_without_suffixes/development',
            'no_utf8_escaping_with_suffixes/development',
            'no_translation/development',
          ],
          orNull: true,
        },
      },
      orNull: true,
    },
  },
};

/* Processors and readers. */

const batching = (exporter: Schema): MapSchema => ({
  is: 'map',
  keys: {
    schedule_delay: count,
    export_timeout: count,
    max_queue_size: positive,
    max_export_batch_size: positive,
    exporter,
  },
  needs: ['exporter'],
});
const simple = (exporter: Schema): MapSchema => ({ is: 'map', keys: { exporter }, needs: ['exporter'] });

const metricReader = (): ComponentSchema => {
  const shared = {
    producers: { is: 'list', of: { is: 'component', type: 'MetricProducer', kinds: {} }, least: 1 },
    cardinality_limits: {
      is: 'map',
      keys: {
        default: positive,
        counter: positive,
        gauge: positive,
        histogram: positive,
        observable_counter: positive,
        observable_gauge: positive,
        observable_up_down_counter: positive,
        up_down_counter: positive,
      },
    },
  } as const;
  return {
    is: 'component',
    kinds: {
      periodic: {
        is: 'map',
        keys: {
          ...shared,
          interval: count,
          timeout: count,
          'max_export_batch_size/development': positive,
          exporter: pushMetricExporter,
        },
        needs: ['exporter'],
      },
      pull: { is: 'map', keys: { ...shared, exporter: pullMetricExporter }, needs: ['exporter'] },
    },
  };
};

/* Samplers. */

const sampler = (): ComponentSchema => ({
  is: 'component',
  type: 'Sampler',
  kinds: {
    always_on: nothing,
    always_off: nothing,
    always_record: { is: 'map', keys: { root: sampler }, needs: ['root'] },
    trace_id_ratio_based: { is: 'map', keys: { ratio }, orNull: true },
    'probability/development': { is: 'map', keys: { ratio }, orNull: true },
    parent_based: {
      is: 'map',
      keys: {
        root: sampler,
        remote_parent_sampled: sampler,
        remote_parent_not_sampled: sampler,
        local_parent_sampled: sampler,
        local_parent_not_sampled: sampler,
      },
      orNull: true,
    },
    'jaeger_remote/development': {
      is: 'map',
      keys: { endpoint: text, interval: count, initial_sampler: sampler },
      needs: ['endpoint', 'initial_sampler'],
    },
    'composite/development': composableSampler,
  },
});

const composableSampler = (): ComponentSchema => ({
  is: 'component',
  type: 'ComposableSampler',
  kinds: {
    always_on: nothing,
    always_off: nothing,
    probability: { is: 'map', keys: { ratio }, orNull: true },
    parent_threshold: { is: 'map', keys: { root: composableSampler }, needs: ['root'] },
    rule_based: {
      is: 'map',
      keys: {
        rules: {
          is: 'list',
          of: {
            is: 'map',
            keys: {
              attribute_values: { is: 'map', keys: { key: text, values: texts }, needs: ['key', 'values'] },
              attribute_patterns: { is: 'map', keys: { key: text, included: texts, excluded: texts }, needs: ['key'] },
              span_kinds: {
                is: 'list',
                of: { is: 'word', of: ['internal', 'server', 'client', 'producer', 'consumer'] },
                least: 1,
              },
              parent: { is: 'list', of: { is: 'word', of: ['none', 'remote', 'local'] }, least: 1 },
              sampler: composableSampler,
            },
            needs: ['sampler'],
          },
          least: 1,
        },
      },
      orNull: true,
    },
  },
});

/* Metrics. */

const instrumentTypes = [
  'counter',
  'gauge',
  'histogram',
  'observable_counter',
  'observable_gauge',
  'observable_up_down_counter',
  'up_down_counter',
];
const aggregation: ComponentSchema = {
  is: 'component',
  kinds: {
    default: nothing,
    drop: nothing,
    last_value: nothing,
    sum: nothing,
    explicit_bucket_histogram: {
      is: 'map',
      keys: { boundaries: { is: 'list', of: { is: 'number' } }, record_min_max: flag },
      orNull: true,
    },
    base2_exponential_bucket_histogram: {
      is: 'map',
      keys: {
        max_scale: { is: 'whole', least: -10, most: 20, orNull: true },
        max_size: { is: 'whole', least: 2, orNull: true },
        record_min_max: flag,
      },
      orNull: true,
    },
  },
};
const view: MapSchema = {
  is: 'map',
  keys: {
    selector: {
      is: 'map',
      keys: {
        instrument_name: textOrNull,
        instrument_type: { is: 'word', of: instrumentTypes, orNull: true },
        unit: textOrNull,
        meter_name: textOrNull,
        meter_version: textOrNull,
        meter_schema_url: textOrNull,
      },
    },
    stream: {
      is: 'map',
      keys: {
        name: textOrNull,
        description: textOrNull,
        aggregation,
        aggregation_cardinality_limit: positive,
        attribute_keys: includeExclude,
      },
    },
  },
  needs: ['selector', 'stream'],
};

/* The whole. */

const attributeLimits = {
  attribute_value_length_limit: count,
  attribute_value_depth_limit: positive,
  attribute_count_limit: count,
} as const;

/** Which scopes record, by name. */
const configurator = (list: string, config: MapSchema): MapSchema => ({
  is: 'map',
  keys: {
    default_config: config,
    [list]: { is: 'list', of: { is: 'map', keys: { name: text, config }, needs: ['name', 'config'] }, least: 1 },
  },
});
const enabled: MapSchema = { is: 'map', keys: { enabled: { is: 'boolean' } } };

/** opentelemetry-configuration 1.0 and 1.1. */
export const configurationSchema = (): MapSchema => ({
  is: 'map',
  open: true,
  needs: ['file_format'],
  keys: {
    file_format: text,
    disabled: flag,
    log_level: severity,
    attribute_limits: { is: 'map', keys: attributeLimits },
    resource: {
      is: 'map',
      keys: {
        attributes: {
          is: 'list',
          of: {
            is: 'map',
            keys: {
              name: text,
              value: { is: 'attribute' },
              type: {
                is: 'word',
                of: ['string', 'bool', 'int', 'double', 'string_array', 'bool_array', 'int_array', 'double_array'],
                orNull: true,
              },
            },
            needs: ['name', 'value'],
          },
          least: 1,
        },
        attributes_list: textOrNull,
        schema_url: textOrNull,
        'detection/development': {
          is: 'map',
          keys: {
            attributes: includeExclude,
            detectors: {
              is: 'list',
              of: {
                is: 'component',
                type: 'ResourceDetector',
                kinds: { container: nothing, host: nothing, os: nothing, process: nothing, service: nothing },
              },
              least: 1,
            },
          },
        },
      },
    },
    propagator: {
      is: 'map',
      keys: {
        composite: {
          is: 'list',
          of: {
            is: 'component',
            type: 'TextMapPropagator',
            kinds: {
              tracecontext: nothing,
              baggage: nothing,
              b3: nothing,
              b3multi: nothing,
              jaeger: nothing,
              xray: nothing,
              ottrace: nothing,
            },
          },
          least: 1,
        },
        composite_list: textOrNull,
      },
    },
    tracer_provider: {
      is: 'map',
      keys: {
        processors: {
          is: 'list',
          of: {
            is: 'component',
            type: 'SpanProcessor',
            kinds: { batch: batching(spanExporter), simple: simple(spanExporter) },
          },
          least: 1,
        },
        limits: {
          is: 'map',
          keys: {
            ...attributeLimits,
            event_count_limit: count,
            link_count_limit: count,
            event_attribute_count_limit: count,
            link_attribute_count_limit: count,
          },
        },
        sampler,
        id_generator: { is: 'component', type: 'IdGenerator', kinds: { random: nothing } },
        'tracer_configurator/development': configurator('tracers', enabled),
      },
      needs: ['processors'],
    },
    meter_provider: {
      is: 'map',
      keys: {
        readers: { is: 'list', of: metricReader, least: 1 },
        views: { is: 'list', of: view, least: 1 },
        exemplar_filter: { is: 'word', of: ['always_on', 'always_off', 'trace_based'], orNull: true },
        'meter_configurator/development': configurator('meters', enabled),
      },
      needs: ['readers'],
    },
    logger_provider: {
      is: 'map',
      keys: {
        processors: {
          is: 'list',
          of: {
            is: 'component',
            type: 'LogRecordProcessor',
            kinds: { batch: batching(logRecordExporter), simple: simple(logRecordExporter) },
          },
          least: 1,
        },
        limits: { is: 'map', keys: attributeLimits },
        'logger_configurator/development': configurator('loggers', {
          is: 'map',
          keys: { enabled: flag, minimum_severity: severity, trace_based: flag },
        }),
      },
      needs: ['processors'],
    },
    // Of instrumentations and of vendors: neither is this package's to check.
    'instrumentation/development': properties,
    distribution: properties,
  },
});
