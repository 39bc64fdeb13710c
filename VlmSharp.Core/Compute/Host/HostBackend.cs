
namespace VlmSharp.Compute.Host;

/// <summary>
/// What all backends in host memory share: the pool, parameters read in place, caches, and the checks of every operator's
/// shapes. A backend derives from it and writes the arithmetic: each <c>Compute...</c> method gets checked shapes and an
/// output to fill.
/// </summary>
public abstract unsafe partial class HostBackend : IComputeBackend
{
    private readonly HostMemoryPool pool = new();
    private bool disposed;

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public abstract string Description { get; }

    /// <inheritdoc cref="IComputeBackend.Threads"/>
    public virtual int Threads => 1;

    /// <summary>Bytes of activation memory taken from the system.</summary>
    public long AllocatedBytes => pool.AllocatedBytes;

    /// <inheritdoc/>
    public Matrix Allocate(int rows, int columns)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        return new Matrix(pool.Rent((long)rows * columns), rows, columns);
    }

    /// <inheritdoc/>
    public Matrix Upload(ReadOnlySpan<float> values, int rows, int columns)
    {
        if (values.Length != (long)rows * columns)
            throw new ArgumentException($"Upload: {values.Length} numbers do not fill [{rows}, {columns}].");
        Matrix y = Allocate(rows, columns);
        values.CopyTo(new Span<float>(Matrix(y).Data, values.Length));
        return y;
    }

    /// <inheritdoc/>
    public void Download(Matrix x, Span<float> destination)
    {
        if (destination.Length != x.Length)
            throw new ArgumentException($"Download: {x} does not fit {destination.Length} numbers.");
        new ReadOnlySpan<float>(Matrix(x).Data, destination.Length).CopyTo(destination);
    }

    /// <inheritdoc/>
    public Weight LoadWeight(in WeightData data) => new HostWeight(data);

    /// <inheritdoc/>
    public KvCache CreateKvCache(int layers, int width, int capacity) => new HostKvCache(layers, width, capacity);

    /// <inheritdoc/>
    public Matrix PatchEmbed(Matrix pixels, Weight kernel, Weight bias, Weight positions, int patch)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(patch);
        int side = (int)Math.Sqrt(pixels.Columns / 3);
        int perSide = side / patch;
        Check(3 * side * side == pixels.Columns && perSide * perSide == positions.Rows && kernel.Columns == 3 * patch * patch
            && IsVector(bias, kernel.Rows) && positions.Columns == kernel.Rows,
            $"PatchEmbed: pixels {pixels}, kernel {kernel}, bias {bias}, positions {positions}, patch {patch}");
        Matrix y = Allocate(checked(pixels.Rows * positions.Rows), kernel.Rows);
        ComputePatchEmbed(Matrix(pixels), Host(kernel), Host(bias), Host(positions), side, patch, Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix Linear(Matrix x, Weight weight, Weight? bias = null, Activation activation = Activation.None, Matrix residual = default)
    {
        Check(x.Columns == weight.Columns && (bias is null || IsVector(bias, weight.Rows))
            && (!residual.HasValue || (residual.Rows == x.Rows && residual.Columns == weight.Rows)),
            $"Linear: x {x}, weight {weight}, bias {bias?.ToString() ?? "none"}, residual {residual}");
        Matrix y = Allocate(x.Rows, weight.Rows);
        ComputeLinear(Matrix(x), Host(weight), bias is null ? null : Host(bias), activation, Optional(residual), Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix LinearRows(Matrix x, Weight weight, ReadOnlySpan<int> rows)
    {
        Check(x.Columns == weight.Columns, $"LinearRows: x {x}, weight {weight}");
        CheckIndices(rows, weight.Rows, "LinearRows");
        Matrix y = Allocate(x.Rows, rows.Length);
        ComputeLinearRows(Matrix(x), Host(weight), rows, Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix GatedLinear(Matrix x, Weight gate, Weight up)
    {
        Check(x.Columns == gate.Columns && x.Columns == up.Columns && gate.Rows == up.Rows, $"GatedLinear: x {x}, gate {gate}, up {up}");
        Matrix y = Allocate(x.Rows, gate.Rows);
        ComputeGatedLinear(Matrix(x), Host(gate), Host(up), Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix LayerNorm(Matrix x, Weight weight, Weight bias, float epsilon)
    {
        Check(IsVector(weight, x.Columns) && IsVector(bias, x.Columns), $"LayerNorm: x {x}, weight {weight}, bias {bias}");
        Matrix y = Allocate(x.Rows, x.Columns);
        ComputeLayerNorm(Matrix(x), Host(weight), Host(bias), epsilon, Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix RmsNorm(Matrix x, Weight weight, float epsilon, Matrix residual = default)
    {
        Check(IsVector(weight, x.Columns) && (!residual.HasValue || (residual.Rows == x.Rows && residual.Columns == x.Columns)),
            $"RmsNorm: x {x}, weight {weight}, residual {residual}");
        Matrix y = Allocate(x.Rows, x.Columns);
        ComputeRmsNorm(Matrix(x), Host(weight), epsilon, Optional(residual), Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix RotaryAngles(SequenceBatch batch, int headDim, float frequencyBase, int positionBase)
    {
        Check(headDim > 0 && headDim % 2 == 0, $"RotaryAngles: head size {headDim} is not even");
        Matrix y = Allocate(batch.TotalRows, headDim);
        ComputeRotaryAngles(batch, frequencyBase, positionBase, Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix Rope(Matrix x, Matrix angles)
    {
        Check(x.Rows == angles.Rows && angles.Columns > 0 && x.Columns % angles.Columns == 0, $"Rope: x {x}, angles {angles}");
        Matrix y = Allocate(x.Rows, x.Columns);
        ComputeRope(Matrix(x), Matrix(angles), Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public void AppendKeyValues(Matrix k, Matrix v, SequenceBatch batch, int layer)
    {
        foreach (SequenceSlice slice in batch.Slices)
        {
            HostKvCache cache = Cache(slice.Cache);
            Check(k.Rows == batch.TotalRows && v.Rows == batch.TotalRows && k.Columns == cache.Width && v.Columns == cache.Width,
                $"AppendKeyValues: k {k}, v {v}, cache width {cache.Width}, {batch.TotalRows} rows in the step");
            CopyRows(Matrix(k), slice, cache.Keys(layer));
            CopyRows(Matrix(v), slice, cache.Values(layer));
        }

        static void CopyRows(HostMatrix source, in SequenceSlice slice, HostMatrix target)
        {
            long bytes = (long)slice.RowCount * source.Columns * sizeof(float);
            Buffer.MemoryCopy(source.RowPointer(slice.RowStart), target.RowPointer(slice.Past), bytes, bytes);
        }
    }

    /// <inheritdoc/>
    public void CopyKeyValues(KvCache source, KvCache destination, int start, int count)
    {
        HostKvCache from = Cache(source), to = Cache(destination);
        Check(from != to && from.Layers == to.Layers && from.Width == to.Width && start >= 0 && count >= 0
            && start <= from.Length - count && start <= to.Capacity - count,
            $"CopyKeyValues: tokens {start} to {start} + {count} of {from.Length}, {from.Layers} layers of width {from.Width}, into {to.Layers} layers of width {to.Width} and {to.Capacity} tokens");
        long bytes = (long)count * from.Width * sizeof(float);
        for (int layer = 0; layer < from.Layers; layer++)
        {
            Buffer.MemoryCopy(from.Keys(layer).RowPointer(start), to.Keys(layer).RowPointer(start), bytes, bytes);
            Buffer.MemoryCopy(from.Values(layer).RowPointer(start), to.Values(layer).RowPointer(start), bytes, bytes);
        }
    }

    /// <inheritdoc/>
    public Matrix Attention(Matrix q, Matrix k, Matrix v, SequenceBatch batch, in AttentionSpec spec)
    {
        CheckQuery(q, batch, spec);
        Check(k.Columns == spec.KvHeads * spec.HeadDim && v.Columns == k.Columns && k.Rows == q.Rows && v.Rows == q.Rows,
            $"Attention: q {q}, k {k}, v {v}, {spec}");
        Matrix y = Allocate(q.Rows, q.Columns);
        HostMatrix keys = Matrix(k), values = Matrix(v);
        foreach (SequenceSlice slice in batch.Slices)
        {
            Check(slice.Past == 0, $"Attention: a sequence has {slice.Past} past tokens, which only CachedAttention can see");
            ComputeAttention(Matrix(q), Part(keys, slice), Part(values, slice), slice, spec, Matrix(y));
        }
        return y;

        static HostMatrix Part(HostMatrix x, in SequenceSlice slice) => new(x.RowPointer(slice.RowStart), slice.RowCount, x.Columns);
    }

    /// <inheritdoc/>
    public Matrix CachedAttention(Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec)
    {
        CheckQuery(q, batch, spec);
        Matrix y = Allocate(q.Rows, q.Columns);
        foreach (SequenceSlice slice in batch.Slices)
        {
            HostKvCache cache = Cache(slice.Cache);
            Check(cache.Width == spec.KvHeads * spec.HeadDim, $"CachedAttention: cache width {cache.Width}, {spec}");
            int length = slice.Past + slice.RowCount;
            ComputeAttention(Matrix(q), Part(cache.Keys(layer), length), Part(cache.Values(layer), length), slice, spec, Matrix(y));
        }
        return y;

        static HostMatrix Part(HostMatrix x, int length) => new(x.Data, length, x.Columns);
    }

    /// <inheritdoc/>
    public Matrix Embed(Weight table, ReadOnlySpan<int> ids, float scale)
    {
        foreach (int id in ids)
            if ((uint)id >= (uint)table.Rows) throw new ArgumentException($"Embed: id {id} is outside the table {table}.");
        Matrix y = Allocate(ids.Length, table.Columns);
        ComputeEmbed(Host(table), ids, scale, Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix ReplaceRows(Matrix x, Matrix rows, ReadOnlySpan<int> targets)
    {
        Check(rows.Rows == targets.Length && rows.Columns == x.Columns, $"ReplaceRows: x {x}, rows {rows}, {targets.Length} targets");
        CheckIndices(targets, x.Rows, "ReplaceRows");
        Matrix y = Allocate(x.Rows, x.Columns);
        HostMatrix from = Matrix(x), source = Matrix(rows), to = Matrix(y);
        Buffer.MemoryCopy(from.Data, to.Data, x.Length * sizeof(float), x.Length * sizeof(float));
        for (int i = 0; i < targets.Length; i++) source.Row(i).CopyTo(to.Row(targets[i]));
        return y;
    }

    /// <inheritdoc/>
    public Matrix SelectRows(Matrix x, ReadOnlySpan<int> indices)
    {
        CheckIndices(indices, x.Rows, "SelectRows");
        Matrix y = Allocate(indices.Length, x.Columns);
        HostMatrix from = Matrix(x), to = Matrix(y);
        for (int i = 0; i < indices.Length; i++) from.Row(indices[i]).CopyTo(to.Row(i));
        return y;
    }

    /// <inheritdoc/>
    public Matrix SoftCap(Matrix x, float cap)
    {
        Check(cap > 0, $"SoftCap: cap {cap} is not above 0");
        Matrix y = Allocate(x.Rows, x.Columns);
        ComputeSoftCap(Matrix(x), cap, Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public Matrix LogSoftmax(Matrix x)
    {
        Matrix y = Allocate(x.Rows, x.Columns);
        ComputeLogSoftmax(Matrix(x), Matrix(y));
        return y;
    }

    /// <inheritdoc/>
    public void ArgMax(Matrix x, Span<int> indices, Span<float> values)
    {
        Check(indices.Length == x.Rows && values.Length == x.Rows && x.Columns > 0, $"ArgMax: x {x}, room for {indices.Length} indices, {values.Length} values");
        HostMatrix rows = Matrix(x);
        for (int row = 0; row < x.Rows; row++) (indices[row], values[row]) = ComputeArgMax(rows.Row(row));
    }

    /// <summary>The equation of <see cref="PatchEmbed"/>.</summary>
    /// <param name="pixels">[images, 3 * side * side].</param>
    /// <param name="kernel">[F, 3 * patch * patch].</param>
    /// <param name="bias">[F].</param>
    /// <param name="positions">[N, F].</param>
    /// <param name="side">S.</param>
    /// <param name="patch">Side of a patch.</param>
    /// <param name="y">[images * N, F].</param>
    protected abstract void ComputePatchEmbed(HostMatrix pixels, HostWeight kernel, HostWeight bias, HostWeight positions, int side, int patch, HostMatrix y);

    /// <summary>The equation of <see cref="Linear"/>.</summary>
    /// <param name="x">[T, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="bias">[out] or null.</param>
    /// <param name="activation">act.</param>
    /// <param name="residual">[T, out] or <c>default</c>.</param>
    /// <param name="y">[T, out].</param>
    protected abstract void ComputeLinear(HostMatrix x, HostWeight weight, HostWeight? bias, Activation activation, HostMatrix residual, HostMatrix y);

    /// <summary>The equation of <see cref="LinearRows"/>.</summary>
    /// <param name="x">[T, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="rows">n rows of the weight.</param>
    /// <param name="y">[T, n].</param>
    protected abstract void ComputeLinearRows(HostMatrix x, HostWeight weight, ReadOnlySpan<int> rows, HostMatrix y);

    /// <summary>The equation of <see cref="GatedLinear"/>.</summary>
    /// <param name="x">[T, in].</param>
    /// <param name="gate">[out, in].</param>
    /// <param name="up">[out, in].</param>
    /// <param name="y">[T, out].</param>
    protected abstract void ComputeGatedLinear(HostMatrix x, HostWeight gate, HostWeight up, HostMatrix y);

    /// <summary>The equation of <see cref="LayerNorm"/>.</summary>
    /// <param name="x">[T, F].</param>
    /// <param name="weight">[F].</param>
    /// <param name="bias">[F].</param>
    /// <param name="epsilon">eps.</param>
    /// <param name="y">[T, F].</param>
    protected abstract void ComputeLayerNorm(HostMatrix x, HostWeight weight, HostWeight bias, float epsilon, HostMatrix y);

    /// <summary>The equation of <see cref="RmsNorm"/>.</summary>
    /// <param name="x">[T, F].</param>
    /// <param name="weight">[F].</param>
    /// <param name="epsilon">eps.</param>
    /// <param name="residual">[T, F] or <c>default</c>.</param>
    /// <param name="y">[T, F].</param>
    protected abstract void ComputeRmsNorm(HostMatrix x, HostWeight weight, float epsilon, HostMatrix residual, HostMatrix y);

    /// <summary>The equation of <see cref="RotaryAngles"/>.</summary>
    /// <param name="batch">The step.</param>
    /// <param name="frequencyBase">base.</param>
    /// <param name="positionBase">Position of a sequence's first token.</param>
    /// <param name="y">[T, D].</param>
    protected abstract void ComputeRotaryAngles(SequenceBatch batch, float frequencyBase, int positionBase, HostMatrix y);

    /// <summary>The equation of <see cref="Rope"/>.</summary>
    /// <param name="x">[T, heads * D].</param>
    /// <param name="angles">[T, D].</param>
    /// <param name="y">[T, heads * D].</param>
    protected abstract void ComputeRope(HostMatrix x, HostMatrix angles, HostMatrix y);

    /// <summary>The equation of <see cref="Attention"/> for one sequence; where its keys come from is settled.</summary>
    /// <param name="q">[T, H * D], all sequences.</param>
    /// <param name="keys">[past + rows, K * D], this sequence.</param>
    /// <param name="values">[past + rows, K * D], this sequence.</param>
    /// <param name="slice">The sequence.</param>
    /// <param name="spec">Heads, scale, soft-cap, window.</param>
    /// <param name="y">[T, H * D], all sequences.</param>
    protected abstract void ComputeAttention(HostMatrix q, HostMatrix keys, HostMatrix values, in SequenceSlice slice, in AttentionSpec spec, HostMatrix y);

    /// <summary>The equation of <see cref="Embed"/>.</summary>
    /// <param name="table">[V, F].</param>
    /// <param name="ids">T ids.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="y">[T, F].</param>
    protected abstract void ComputeEmbed(HostWeight table, ReadOnlySpan<int> ids, float scale, HostMatrix y);

    /// <summary>The equation of <see cref="SoftCap"/>.</summary>
    /// <param name="x">[T, F].</param>
    /// <param name="cap">cap.</param>
    /// <param name="y">[T, F].</param>
    protected abstract void ComputeSoftCap(HostMatrix x, float cap, HostMatrix y);

    /// <summary>The equation of <see cref="LogSoftmax"/>.</summary>
    /// <param name="x">[T, V].</param>
    /// <param name="y">[T, V].</param>
    protected abstract void ComputeLogSoftmax(HostMatrix x, HostMatrix y);

    /// <summary>The equation of <see cref="ArgMax"/> for one row.</summary>
    /// <param name="row">[V].</param>
    /// <returns>The first place of the largest value, and the value.</returns>
    protected abstract (int Index, float Value) ComputeArgMax(ReadOnlySpan<float> row);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        Dispose(true);
        pool.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the derived backend holds.</summary>
    /// <param name="disposing">True when called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing) { }
}
