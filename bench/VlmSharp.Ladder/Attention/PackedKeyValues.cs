namespace VlmSharp.Ladder.Attention;

/// <summary>
/// Keys and values as the register tile reads them: panels [tokens / 16][d][16] of keys, which are transposed, and panels
/// [d / 16][tokens][16] of values. What fills no panel is 0.
/// </summary>
public sealed unsafe class PackedKeyValues : IDisposable
{
    private readonly AttentionShape shape;
    private readonly Scratch keys, values;

    /// <summary>Packs all keys and values of a head.</summary>
    /// <param name="k">[Tokens, HeadDim].</param>
    /// <param name="v">[Tokens, HeadDim].</param>
    /// <param name="shape">Tokens, heads and widths of the attention.</param>
    public PackedKeyValues(float* k, float* v, AttentionShape shape)
    {
        this.shape = shape;
        (int tokens, int dim, _) = shape;
        keys = new Scratch((long)Panels.Width(tokens) * dim);
        values = new Scratch((long)Panels.Width(dim) * tokens);
        for (int j = 0; j < tokens; j += RegisterTile.Columns)
            Panels.Transpose(k + (nint)j * dim, dim, Math.Min(RegisterTile.Columns, tokens - j), dim, Keys(j), RegisterTile.Columns);
        for (int d = 0; d < dim; d += RegisterTile.Columns)
        {
            int count = Math.Min(RegisterTile.Columns, dim - d);
            for (int j = 0; j < tokens; j++)
                new Span<float>(v + (nint)j * dim + d, count).CopyTo(new Span<float>(Values(d, j), count));
        }
    }

    /// <summary>The panel of the 16 keys from j on: [HeadDim, 16].</summary>
    public float* Keys(int j) => keys.Floats + (nint)j * shape.HeadDim;

    /// <summary>The panel of 16 features from d on, from token j on: [Tokens - j, 16].</summary>
    public float* Values(int d, int j) => values.Floats + (nint)d * shape.Tokens + (nint)j * RegisterTile.Columns;

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        keys.Dispose();
        values.Dispose();
    }
}
