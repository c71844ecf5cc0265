"""A GPU without room says so: buffers are asked about, and none that isn't there is computed with."""

from __future__ import annotations

from e2e.bridge.conftest import Lab

MODEL = """
  class FakeBuffer { constructor(size) { this.size = size; } destroy() { destroyed.push(this.size); } }
  const destroyed = [], made = [];
  let room = 1e9, scopes = [];
  globalThis.GPUBuffer = FakeBuffer;
  globalThis.GPUDevice = class {
    lost = new Promise(() => {});
    queue = { submit() {} };
    createCommandEncoder() { return { copyBufferToBuffer() {}, finish() {} }; }
    createBuffer({ size }) {
      made.push(size);
      room -= size;
      if (room < 0 && scopes.length) scopes[scopes.length - 1] = { message: "no room" };  // and a handle all the same
      return new FakeBuffer(size);
    }
    pushErrorScope(filter) { if (filter !== "out-of-memory") throw new Error(filter); scopes.push(null); }
    popErrorScope() { return Promise.resolve(scopes.pop()); }
  };
  const { GpuModel } = await import("./bridge/worker/ort/gpu-model.js");
  const { meterMemory } = await import("./bridge/worker/ort/memory-meter.js");
  const meter = meterMemory(), device = new GPUDevice();
  let within = 0;
  class Tensor { static fromGpuBuffer(buffer) { return { buffer }; } }
  const ort = {
    Tensor, env: { webgpu: { device: Promise.resolve(device) } },
    InferenceSession: { create: async () => ({
      run: async () => {
        if (within) device.createBuffer({ size: within });
        return { logits: { data: new Float32Array(4) } };
      },
    }) },
  };
  const architecture = { layers: 2, kv_heads: 1, head_dim: 4 };
  const session = { graph: "g", kv: "inplace" };
  const spec = { manifest: { architecture }, variant: { prefill: session, decode: session }, context: 1024 };
  const model = new GpuModel(ort, spec, meter, 2);
  const graphs = new Map([["g", new Uint8Array(1)]]);
  const pause = async () => {};
"""
ROW = 1 * 4 * 4
FIRST = 256 * ROW


def test_a_cache_that_finds_no_room_to_grow_is_out_of_memory_and_stays_as_it_was(lab: Lab) -> None:
    seen = lab.run(
        MODEL
        + """
        await model.build(graphs, new Map());
        await model.forward(new Int32Array(200), 0, pause);
        const before = meter.bytes;
        room = 3 * first;
        const refused = await lab.attempt(model.forward(new Int32Array(100), 200, pause));
        const after = { bytes: meter.bytes, capacity: model.capacity, destroyed: destroyed.length };
        room = 1e9;
        await model.forward(new Int32Array(100), 128, pause);
        return { code: refused.code, before, after, rows: model.rows };
        """,
        first=FIRST,
    )
    assert seen["code"] == "out_of_memory"
    assert seen["after"] == {"bytes": seen["before"], "capacity": 256, "destroyed": 4}
    assert seen["rows"] == 228, "what fits goes on"


def test_a_first_cache_without_room_and_buffers_of_the_runtime_itself_are_out_of_memory_too(lab: Lab) -> None:
    first = lab.run(MODEL + "room = 100; return (await lab.attempt(model.build(graphs, new Map()))).code;")
    assert first == "out_of_memory"


def test_a_run_whose_own_buffers_have_no_room_gives_no_logits(lab: Lab) -> None:
    code = lab.run(
        MODEL
        + """
        await model.build(graphs, new Map());
        within = 2e9;
        const refused = await lab.attempt(model.forward(new Int32Array(3), 0, pause));
        within = 0;
        room = 1e9;
        await model.forward(new Int32Array(3), 0, pause);
        return refused.code;
        """
    )
    assert code == "out_of_memory"
