using ILGPU;
using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Memory;

namespace VlmSharp.Gpu.Operators;

internal sealed partial class GpuOperators<TCore> : IOperatorKernel<CopyKeyValues>
{
    private static readonly Kernel<CopyKeyValuesArgs> CopyKeyValuesKernel = new("CopyKeyValues", CopyKeyValuesChunk, ElementThreads);

    /// <summary>Copies rows [start, start + count) of the keys and of the values of every layer.</summary>
    public Matrix Run(in CopyKeyValues op, MatrixShape shape)
    {
        DeviceKvCache from = op.Source.OnDevice(), to = op.Destination.OnDevice();
        long part = (long)op.Count * from.RowChunks, first = (long)op.Start * from.RowChunks;
        Launch(CopyKeyValuesKernel, Elements(2 * from.Layers * part), new CopyKeyValuesArgs
        {
            Arena = context.Arena.View,
            From = from.Start + first,
            To = to.Start + first,
            FromPitch = (long)from.Capacity * from.RowChunks,
            ToPitch = (long)to.Capacity * to.RowChunks,
            PartChunks = part,
            Parts = 2 * from.Layers,
        });
        return default;
    }

    /// <summary>A thread copies a chunk. The rows of a layer's keys, or of its values, are one part.</summary>
    private static void CopyKeyValuesChunk(CopyKeyValuesArgs g)
    {
        long part = ElementIndex / g.PartChunks, i = ElementIndex - part * g.PartChunks;
        if (part < g.Parts) g.Arena[g.To + part * g.ToPitch + i] = g.Arena[g.From + part * g.FromPitch + i];
    }

    internal struct CopyKeyValuesArgs
    {
        public ArrayView<U4> Arena;
        public long From, To, FromPitch, ToPitch, PartChunks;
        public int Parts;
    }
}
