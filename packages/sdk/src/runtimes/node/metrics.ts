/*
 * What Node and its process are doing, as metrics: `start({ instruments: [observeNodeRuntime, observeProcess] })`. Asked for by name: a
 * program that measures nothing sends no metrics, and one that is measured is woken by a timer fifty times a second.
 */
export { type NodeRuntimeOptions, observeNodeRuntime } from '../../instruments/node-runtime/observe-node-runtime.js';
export { observeProcess } from '../../instruments/process/observe-process.js';
