/** PyScript's MicroPython, which carries no types. */
export interface MicroPython {
  FS: any;
  globals: { get(name: string): any; set(name: string, value: unknown): void };
  pyimport(name: string): any;
  runPython(code: string): any;
  runPythonAsync(code: string): Promise<any>;
  registerJsModule(name: string, module: object): void;
}
export function loadMicroPython(options?: {
  url?: string;
  heapsize?: number;
  pystack?: number;
  stdin?: (() => string) | null;
  stdout?: ((line: string) => void) | null;
  stderr?: ((line: string) => void) | null;
  linebuffer?: boolean;
}): Promise<MicroPython>;
