using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;

namespace VlmSharp.Gpu.Memory;

/// <summary>
/// Copies parameters from the mapped checkpoint to the device, once, through two page-locked buffers: one is filled while the other is
/// copied. bf16 and f16 keep their format; int8, int4 and NF4 stay packed. f32 becomes bf16 if that loses nothing, the device multiplies
/// bf16, and nobody writes to it. NF4 that kernels do not take (<see cref="Nf4Table.Takes"/>) is widened to the format that its numbers are
/// rounded to, which is exact.
/// </summary>
/// <param name="device">The device to copy to.</param>
/// <param name="pool">Allocates the memory.</param>
/// <param name="prefersBFloat16">Whether a parameter in F32 that is exact in BF16 is stored as BF16.</param>
internal sealed unsafe class WeightUploader(KernelDevice device, DevicePool pool, bool prefersBFloat16) : IDisposable
{
    private const int BufferBytes = 32 << 20;

    private readonly Lane[] lanes = [new(device), new(device)];
    private int next;

    /// <summary>Copies a parameter. The copy is complete when <see cref="Finish"/> has returned.</summary>
    /// <param name="source">The parameter in the checkpoint.</param>
    /// <returns>The parameter on the device.</returns>
    public DeviceWeight Upload(in WeightData source)
    {
        DType format = FormatOf(source);
        long rowBytes = (long)DeviceWeight.ChunksOf(format, source.Columns) * sizeof(U4);
        MemoryBuffer1D<U4, Stride1D.Dense> data = Allocate<U4>(source, source.Rows * rowBytes / sizeof(U4));
        CopyRows(source, format, data.View.BaseView.Cast<byte>(), rowBytes);

        MemoryBuffer1D<ushort, Stride1D.Dense>? scales = null;
        if (format == DType.Nf4) scales = CopyTable(source);
        else if (format.IsQuantized())
        {
            scales = Allocate<ushort>(source, source.Rows * source.DType.Groups(source.Columns));
            CopyBytes((byte*)source.Scales, scales.View.BaseView.Cast<byte>());
        }

        MemoryBuffer1D<float, Stride1D.Dense>? vector = null;
        if (source.Rows == 1)
        {
            float[] row = new float[source.Columns];
            source.Widen(0, row);
            vector = Allocate<float>(source, row.Length);
            fixed (float* start = row) CopyBytes((byte*)start, vector.View.BaseView.Cast<byte>());
        }

        GC.KeepAlive(source.Owner);
        return new DeviceWeight(source, format, data, scales, vector);
    }

    /// <summary>Waits until all copies are complete.</summary>
    public void Finish()
    {
        foreach (Lane lane in lanes) lane.Wait();
    }

    private MemoryBuffer1D<T, Stride1D.Dense> Allocate<T>(in WeightData source, long count) where T : unmanaged =>
        pool.Allocate<T>(count, $"the parameter {source.Name}", "Load the model with --quantize int8, int4 or nf4, or on a larger device.");

    private DType FormatOf(in WeightData source) => source.DType switch
    {
        DType.F32 when prefersBFloat16 && !source.IsWritable && IsExactInBFloat16(source) => DType.BF16,
        DType.Nf4 when !Nf4Table.Takes(source.Columns, source.ValueType) => source.ValueType,
        _ => source.DType,
    };

    private MemoryBuffer1D<ushort, Stride1D.Dense> CopyTable(in WeightData source)
    {
        float[] head = Nf4Table.Head(source.ValueType);
        long headBytes = sizeof(float) * head.Length, scaleBytes = DType.Nf4.ScaleBytes(source.Rows, source.Columns);
        MemoryBuffer1D<ushort, Stride1D.Dense> table = Allocate<ushort>(source, (headBytes + scaleBytes) / sizeof(ushort));
        ArrayView<byte> bytes = table.View.BaseView.Cast<byte>();
        fixed (float* start = head) CopyBytes((byte*)start, bytes.SubView(0, headBytes));
        CopyBytes((byte*)source.Scales, bytes.SubView(headBytes, scaleBytes));
        return table;
    }

    // Packs as many rows as fit in a buffer at a time. A matrix that needs no change is copied in parts of any size.
    private void CopyRows(in WeightData source, DType format, ArrayView<byte> target, long rowBytes)
    {
        long sourceBytes = source.DType.RowBytes(source.Columns);
        if (format == source.DType && sourceBytes == rowBytes)
        {
            CopyBytes((byte*)source.Data, target);
            return;
        }

        if (rowBytes > BufferBytes)
            throw new NotSupportedException(
                $"Weight {source.Name}: rows of {rowBytes:N0} bytes that are converted or padded on the way are not supported on a device, "
                + $"which takes {BufferBytes:N0} at most.");
        int rowsAtOnce = (int)(BufferBytes / rowBytes);
        for (int first = 0; first < source.Rows; first += rowsAtOnce)
        {
            int rows = Math.Min(rowsAtOnce, source.Rows - first);
            Lane lane = NextLane();
            byte* buffer = lane.Buffer;
            WeightData from = source;
            int start = first;
            Parallel.For(0, rows, row => PackRow(from, start + row, format, buffer + row * rowBytes, rowBytes));
            lane.Copy(rows * rowBytes, target.SubView(first * rowBytes, rows * rowBytes));
        }
    }

    private static void PackRow(in WeightData source, int row, DType format, byte* target, long rowBytes)
    {
        long sourceBytes = source.DType.RowBytes(source.Columns);
        byte* from = (byte*)source.Data + row * sourceBytes;
        long written = format.RowBytes(source.Columns);
        if (format == source.DType) Buffer.MemoryCopy(from, target, rowBytes, sourceBytes);
        else if (source.DType == DType.Nf4) Widen(source, row, format, target);
        else for (int i = 0; i < source.Columns; i++) ((ushort*)target)[i] = Unaligned(from + 4 * i + 2); // the upper 16 bits
        NativeMemory.Clear(target + written, (nuint)(rowBytes - written));
    }

    // The numbers are values of that format, so none is rounded.
    private static void Widen(in WeightData source, int row, DType format, byte* target)
    {
        float[] wide = ArrayPool<float>.Shared.Rent(source.Columns);
        Span<float> numbers = wide.AsSpan(0, source.Columns);
        source.Widen(row, numbers);
        if (format == DType.F32) numbers.CopyTo(new Span<float>(target, numbers.Length));
        else
            for (int i = 0; i < numbers.Length; i++)
                ((ushort*)target)[i] = format == DType.BF16
                    ? BFloat16.FromSingle(numbers[i])
                    : BitConverter.HalfToUInt16Bits((System.Half)numbers[i]);
        ArrayPool<float>.Shared.Return(wide);
    }

    private static ushort Unaligned(byte* at) => Unsafe.ReadUnaligned<ushort>(at);

    // Whether the lower half of every number is 0.
    private static bool IsExactInBFloat16(in WeightData source)
    {
        byte* data = (byte*)source.Data;
        int columns = source.Columns;
        return Parallel.For(0, source.Rows, (row, state) =>
        {
            uint lower = 0;
            for (int i = 0; i < columns; i++) lower |= Unaligned(data + ((long)row * columns + i) * sizeof(float));
            if (lower != 0) state.Stop();
        }).IsCompleted;
    }

    private void CopyBytes(byte* source, ArrayView<byte> target)
    {
        for (long at = 0; at < target.Length; at += BufferBytes)
        {
            long bytes = Math.Min(BufferBytes, target.Length - at);
            Lane lane = NextLane();
            CopyInParallel(source + at, lane.Buffer, bytes);
            lane.Copy(bytes, target.SubView(at, bytes));
        }
    }

    // One core reads mapped memory more slowly than the bus transfers it.
    private static void CopyInParallel(byte* source, byte* target, long bytes)
    {
        const long Part = 1 << 20;
        long parts = (bytes + Part - 1) / Part;
        if (parts == 1) Buffer.MemoryCopy(source, target, bytes, bytes);
        else
            Parallel.For(0, parts, i =>
                Buffer.MemoryCopy(source + i * Part, target + i * Part, bytes - i * Part, Math.Min(Part, bytes - i * Part)));
    }

    private Lane NextLane()
    {
        Lane lane = lanes[next ^= 1];
        lane.Wait();
        return lane;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Lane lane in lanes) lane.Dispose();
    }

    /// <summary>A buffer and the queue that empties it.</summary>
    private sealed class Lane(KernelDevice device) : IDisposable
    {
        private readonly AcceleratorStream stream = device.Accelerator.CreateStream();
        private PageLockedArray1D<byte>? memory;

        public byte* Buffer => (byte*)Unsafe.AsPointer(ref (memory ??= device.Accelerator.AllocatePageLocked1D<byte>(BufferBytes)).Span[0]);

        public void Copy(long bytes, ArrayView<byte> target) => target.CopyFromCPUUnsafeAsync(stream, ref *Buffer, bytes);

        public void Wait() => stream.Synchronize();

        public void Dispose()
        {
            stream.Dispose();
            memory?.Dispose();
        }
    }
}
