using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>What the operators of a backend share: the device, its memory, and copies to and from it.</summary>
internal sealed class GpuContext : IDisposable
{
    private MemoryBuffer1D<float, Stride1D.Dense>? maps;

    /// <summary>Takes the device over.</summary>
    /// <param name="device">Runs the kernels.</param>
    /// <param name="kvCacheFormat">How keys and values are kept: BF16 or F32.</param>
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

    /// <summary>Runs the kernels.</summary>
    public KernelDevice Device { get; }

    /// <summary>Activations.</summary>
    public DevicePool Pool { get; }

    /// <summary>KV caches.</summary>
    public KvArena Arena { get; }

    /// <summary>Small copies to the device.</summary>
    public StagingRing Staging { get; }

    /// <summary>Rules of choosing.</summary>
    public RuleTables Rules { get; }

    /// <summary>Angles of the rotary embedding.</summary>
    public RotaryTables Rotary { get; }

    /// <summary>How keys and values are kept: BF16 or F32.</summary>
    public DType KvCacheFormat { get; }

    /// <summary>
    /// The numbers that codes of 8 bits choose among, [2, 256]: <see cref="DynamicMap.Signed"/>, <see cref="DynamicMap.Unsigned"/>.
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

    /// <summary>A matrix in bf16 with undefined content, for what goes into a product on tensor cores next; whoever fills it writes the padding of its rows, zeros, too.</summary>
    public Matrix AllocateNarrow(int rows, int columns) =>
        new(Pool.Rent((long)rows * DeviceBlock.RowChunks(columns) * 16, isNarrow: true), rows, columns);

    /// <summary>A matrix of the same shape and format, with undefined content.</summary>
    public Matrix AllocateLike(Matrix x) => x.Block().IsNarrow ? AllocateNarrow(x.Rows, x.Columns) : Allocate(x.Rows, x.Columns);

    /// <summary>
    /// Queues the copy to the host of a small result that the host will ask for, behind what fills it, so that reading it waits for nothing
    /// that is queued later. Not while a step is recorded: a replay has a result of its own.
    /// </summary>
    public void BeginRead(Matrix x)
    {
        if (!Pool.IsRecording && !x.Block().IsNarrow) x.Block().Read = Device.BeginRead(x.Floats());
    }

    /// <summary>Integers copied to the device, behind what is queued.</summary>
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
