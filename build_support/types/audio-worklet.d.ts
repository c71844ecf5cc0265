/** What the browser gives to a module of its audio thread (https://webaudio.github.io/web-audio-api/#AudioWorkletGlobalScope);
 * TypeScript's own libraries don't have it. */

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
declare const sampleRate: number;
