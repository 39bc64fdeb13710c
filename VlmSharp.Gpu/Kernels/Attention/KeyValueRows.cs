using ILGPU;

namespace VlmSharp.Gpu.Kernels.Attention;

/// <summary>
/// Writes rows of keys and values to where attention reads them: the caches, or the step's own block. A thread has 8 numbers of a row of
/// keys or of values.
/// </summary>
internal static class KeyValueRows
{
    public const int Threads = 128;

    public static void Kernel<TKv>(KeyValueArgs g) where TKv : struct, IKvFormat
    {
        int chunks = (g.Width + 7) >> 3;
        long i = (long)Grid.IdxX * Threads + Group.IdxX, half = g.RowSequences.Length * chunks;
        if (i >= 2 * half) return;
        bool isValue = i >= half;
        if (isValue) i -= half;
        int row = (int)(i / chunks), column = (int)(i - (long)row * chunks) * 8;
        StepSequence sequence = StepSequence.Read(g.Sequences, g.RowSequences[row]);
        int token = sequence.Past + row - sequence.RowStart, rowNumbers = chunks * 8;
        long start = isValue ? sequence.ValuesAt<TKv>(g.Layer, rowNumbers) : sequence.KeysAt<TKv>(g.Layer, rowNumbers);
        long from = (long)row * g.Width + column;
        int count = g.Width - column;
        F8 numbers = isValue ? Eights.Load(g.V, from, count, g.IsAligned) : Eights.Load(g.K, from, count, g.IsAligned);
        TKv.SetEight(g.Memory, start + (long)token * rowNumbers + column, numbers);
    }
}
