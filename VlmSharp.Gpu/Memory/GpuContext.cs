using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>What the operators of a backend share: the device, its memory, and copies to and from it.</summary>
internal sealed class GpuContext : IDisposable
{
    private MemoryBuffer1D<float, Stride1D.Dense>? maps;

    /// <summary>Takes ownership of the device.</summary>
    /// <param name="device">Runs the kernels.</param>
    /// <param name="kvCacheFormat">The storage format of keys and values: BF16 or F32.</param>
    public GpuContext(KernelDevice device, DType kvCacheFormat)
    {
        Device = device;
        KvCacheFormat = kvCacheFormat;
        Pool = new DevicePool(device.Accelerator);
        Arena = new KvArena(Pool, device.Stream);
        Staging = new StagingRing(device);
        Rotary = new RotaryTables(device, Pool);
        Rules = new RuleTables(this);
    }

    /// <summary>The device that runs the kernels.</summary>
    public KernelDevice Device { get; }

    /// <summary>Memory for activations.</summary>
    public DevicePool Pool { get; }

    /// <summary>Memory for KV caches.</summary>
    public KvArena Arena { get; }

    /// <summary>Makes small copies to the device.</summary>
    public StagingRing Staging { get; }

    /// <summary>The rules for choosing tokens.</summary>
    public RuleTables Rules { get; }

    /// <summary>Angles of the rotary embedding.</summary>
    public RotaryTables Rotary { get; }

    /// <summary>The storage format of keys and values: BF16 or F32.</summary>
    public DType KvCacheFormat { get; }

    /// <summary>
    /// The numbers that 8-bit codes select, [2, 256]: <see cref="DynamicMap.Signed"/>, <see cref="DynamicMap.Unsigned"/>.
    /// </summary>
    public ArrayView<float> Maps
    {
        get
        {
            if (maps is null)
            {
                maps = Pool.Allocate<float>(2 * DynamicMap.Signed.Values.Length, "tables", "Ask for fewer sequences at a time.");
                Staging.Copy<float>([.. DynamicMap.Signed.Values, .. DynamicMap.Unsigned.Values], maps.View.BaseView);
            }

            return maps.View.BaseView;
        }
    }

    /// <summary>A matrix in fp32 with undefined content.</summary>
    public Matrix Allocate(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        return new Matrix(Pool.Rent((long)rows * columns * sizeof(float)), rows, columns);
    }

    /// <summary>
    /// A matrix in bf16 with undefined content, for the input of a product on tensor cores. The kernel that fills it must also write zeros
    /// to the padding of its rows.
    /// </summary>
    public Matrix AllocateNarrow(int rows, int columns) =>
        new(Pool.Rent((long)rows * DeviceBlock.RowChunks(columns) * 16, isNarrow: true), rows, columns);

    /// <summary>A matrix of the same shape and format, with undefined content.</summary>
    public Matrix AllocateLike(Matrix x) => x.Block().IsNarrow ? AllocateNarrow(x.Rows, x.Columns) : Allocate(x.Rows, x.Columns);

    /// <summary>
    /// Queues a copy of a small result to the host, directly after the work that fills it, so that reading it does not wait for later work.
    /// Does nothing while a step is recorded, because a replay has its own result.
    /// </summary>
    public void BeginRead(Matrix x)
    {
        if (!Pool.IsRecording && !x.Block().IsNarrow) x.Block().Read = Device.BeginRead(x.Floats());
    }

    /// <summary>Copies integers to the device, after queued work.</summary>
    public Indices Upload(ReadOnlySpan<int> values)
    {
        if (Pool.IsRecording) throw new InvalidOperationException("A step that is recorded uploads nothing: a replay would not find it.");
        DeviceBlock block = Pool.Rent((long)values.Length * sizeof(int));
        Staging.Copy(values, block.Buffer.View.BaseView.Cast<int>().SubView(0, values.Length));
        return new Indices(block, values);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Device.Wait();
        Staging.Dispose();
        Rotary.Dispose();
        maps?.Dispose();
        Arena.Dispose();
        Pool.Dispose();
        Device.Dispose();
    }
}
