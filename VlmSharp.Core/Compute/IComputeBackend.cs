
namespace VlmSharp.Compute;

/// <summary>What a linear layer applies to its output.</summary>
public enum Activation
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>gelu_tanh(x) = x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) (Hendrycks and Gimpel 2016).</summary>
    GeluTanh,
}

/// <summary>The numbers that shape an attention operator.</summary>
/// <param name="Heads">Query heads H.</param>
/// <param name="KvHeads">Key-value heads K; each serves H / K neighbouring query heads (GQA; K = 1 is MQA).</param>
/// <param name="HeadDim">Features of a head D.</param>
/// <param name="Scale">Factor on q.k before soft-cap and softmax.</param>
/// <param name="SoftCap">c of c * tanh(s / c), or 0 for none.</param>
/// <param name="Window">Sliding window in tokens, or 0 for none; see <see cref="SequenceSlice.VisibleStart"/>.</param>
public readonly record struct AttentionSpec(int Heads, int KvHeads, int HeadDim, float Scale, float SoftCap = 0, int Window = 0);

/// <summary>
/// The operators of the transformer. A model is written once, above this interface; a backend implements each operator
/// in its own way and knows nothing of models. Each operator is one equation, coarse enough for a backend to fuse its parts.
/// </summary>
/// <remarks>
/// <para>Axes: T tokens of the step (all sequences together), F features, H query heads, K key-value heads, D head size, V vocabulary.</para>
/// <para>Operators are functional: they read their arguments and return a new tensor, which the caller disposes of.
/// The operators with an effect are <see cref="AppendKeyValues"/> and <see cref="CopyKeyValues"/>, and it is on a cache that the caller owns.
/// Operators run in the order in which they are called; a backend may queue them, and <see cref="Download"/> waits.</para>
/// <para>A backend is used by one thread at a time. Shapes that do not fit throw <see cref="ArgumentException"/> with both shapes.</para>
/// </remarks>
public interface IComputeBackend : IDisposable
{
    /// <summary>A short name to choose it by.</summary>
    string Name { get; }

    /// <summary>What really runs: device, SIMD tier, threads. For people.</summary>
    string Description { get; }

    /// <summary>Threads of this process that it computes on, the caller's included. What prepares weights for it takes no more.</summary>
    int Threads => 1;

    /// <summary>Allocates a tensor with undefined content.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <returns>[rows, columns].</returns>
    Matrix Allocate(int rows, int columns);

    /// <summary>Copies numbers from the host into a new tensor.</summary>
    /// <param name="values">rows * columns numbers, row-major.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <returns>[rows, columns].</returns>
    Matrix Upload(ReadOnlySpan<float> values, int rows, int columns);

    /// <summary>Copies a tensor to the host, after everything before it has run.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="destination">rows * columns numbers, row-major.</param>
    void Download(Matrix x, Span<float> destination);

    /// <summary>Makes a parameter usable: a view of the mapped bytes where the backend can read them, else a copy on the device.</summary>
    /// <param name="data">The parameter in the checkpoint.</param>
    /// <returns>The parameter, to be disposed of before the checkpoint.</returns>
    Weight LoadWeight(in WeightData data);

    /// <summary>Creates an empty cache for one sequence.</summary>
    /// <param name="layers">Decoder layers.</param>
    /// <param name="width">K * D.</param>
    /// <param name="capacity">Tokens it can hold.</param>
    /// <returns>The cache, owned by the caller.</returns>
    KvCache CreateKvCache(int layers, int width, int capacity);

    /// <summary>
    /// Patch embedding of a vision transformer (Dosovitskiy et al. 2021, eq. 1):
    /// y[n * N + p] = W * flatten(patch p of image n) + bias + position[p], patches in row-major order, each flattened as (channel, y, x).
    /// </summary>
    /// <param name="pixels">[images, 3 * S * S], each row one picture as planes R, G, B.</param>
    /// <param name="kernel">[F, 3 * patch * patch].</param>
    /// <param name="bias">[F].</param>
    /// <param name="positions">[N, F] with N = (S / patch)^2.</param>
    /// <param name="patch">Side of a patch in pixels.</param>
    /// <returns>[images * N, F].</returns>
    Matrix PatchEmbed(Matrix pixels, Weight kernel, Weight bias, Weight positions, int patch);

    /// <summary>y = act(x W^T + bias) + residual, accumulated in fp32 or wider.</summary>
    /// <param name="x">[T, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="bias">[out] or null.</param>
    /// <param name="activation">act.</param>
    /// <param name="residual">[T, out] or <c>default</c>.</param>
    /// <returns>[T, out].</returns>
    Matrix Linear(Matrix x, Weight weight, Weight? bias = null, Activation activation = Activation.None, Matrix residual = default);

    /// <summary>
    /// Some outputs of a linear layer: y[t, i] = sum_j x[t, j] W[rows[i], j], the head for the tokens that can follow. Every
    /// number is equal, bit by bit, to that of <see cref="Linear"/> on the same x, so that leaving outputs out changes nothing.
    /// </summary>
    /// <param name="x">[T, in].</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="rows">n rows of the weight, in any order.</param>
    /// <returns>[T, n].</returns>
    Matrix LinearRows(Matrix x, Weight weight, ReadOnlySpan<int> rows);

    /// <summary>GeGLU (Shazeer 2020): y = gelu_tanh(x Wg^T) * (x Wu^T), elementwise product.</summary>
    /// <param name="x">[T, in].</param>
    /// <param name="gate">Wg [out, in].</param>
    /// <param name="up">Wu [out, in].</param>
    /// <returns>[T, out].</returns>
    Matrix GatedLinear(Matrix x, Weight gate, Weight up);

    /// <summary>LayerNorm (Ba et al. 2016), per row: y = (x - mean) / sqrt(var + eps) * weight + bias, with the biased variance.</summary>
    /// <param name="x">[T, F].</param>
    /// <param name="weight">[F].</param>
    /// <param name="bias">[F].</param>
    /// <param name="epsilon">eps.</param>
    /// <returns>[T, F].</returns>
    Matrix LayerNorm(Matrix x, Weight weight, Weight bias, float epsilon);

    /// <summary>
    /// RMSNorm (Zhang and Sennrich 2019) as Gemma stores it, per row: y = x / sqrt(mean(x^2) + eps) * (1 + weight) + residual.
    /// </summary>
    /// <param name="x">[T, F].</param>
    /// <param name="weight">[F]: the offset of the gain from 1.</param>
    /// <param name="epsilon">eps.</param>
    /// <param name="residual">[T, F] or <c>default</c>.</param>
    /// <returns>[T, F].</returns>
    Matrix RmsNorm(Matrix x, Weight weight, float epsilon, Matrix residual = default);

    /// <summary>
    /// The angles of the rotary embedding for every row of the step: row t, at position m = positionBase + (its place in its sequence),
    /// holds cos(m * theta_j) for j &lt; D/2, then sin(m * theta_j), with theta_j = base^(-2j / D).
    /// </summary>
    /// <param name="batch">The step.</param>
    /// <param name="headDim">D, even.</param>
    /// <param name="frequencyBase">base, 10000 in Gemma.</param>
    /// <param name="positionBase">Position of a sequence's first token.</param>
    /// <returns>[T, D].</returns>
    Matrix RotaryAngles(SequenceBatch batch, int headDim, float frequencyBase, int positionBase);

    /// <summary>
    /// Rotary position embedding (Su et al. 2021) in Gemma's half-split pairing, per head: element j is paired with j + D/2,
    /// y[j] = x[j] cos_j - x[j + D/2] sin_j, y[j + D/2] = x[j + D/2] cos_j + x[j] sin_j.
    /// </summary>
    /// <param name="x">[T, heads * D].</param>
    /// <param name="angles">[T, D] from <see cref="RotaryAngles"/>.</param>
    /// <returns>[T, heads * D].</returns>
    Matrix Rope(Matrix x, Matrix angles);

    /// <summary>Appends each sequence's rows of k and v to its cache, behind its past.</summary>
    /// <param name="k">[T, K * D], rotated.</param>
    /// <param name="v">[T, K * D].</param>
    /// <param name="batch">The step; every sequence has a cache.</param>
    /// <param name="layer">Decoder layer, from 0.</param>
    void AppendKeyValues(Matrix k, Matrix v, SequenceBatch batch, int layer);

    /// <summary>
    /// Copies tokens between caches, in every layer: rows [start, start + count) of the destination become those of the
    /// source. Lengths stay; <see cref="KvCache.CopyFrom"/> counts them. Moves 2 * layers * count * width numbers, which is
    /// what a beam costs that continues another: its new tokens, for the prompt's are the same in all beams.
    /// </summary>
    /// <param name="source">Has at least start + count tokens.</param>
    /// <param name="destination">Another cache of the same layers and width, with room for them.</param>
    /// <param name="start">First token.</param>
    /// <param name="count">Tokens.</param>
    void CopyKeyValues(KvCache source, KvCache destination, int start, int count);

    /// <summary>
    /// Attention (Vaswani et al. 2017, eq. 1) of every sequence over its own rows of k and v:
    /// y_i = sum_j softmax_j(cap(scale * q_i . k_j)) v_j over the j that <see cref="SequenceSlice"/> lets i see. The others have no
    /// influence on y_i, not even with infinities or NaN in them.
    /// </summary>
    /// <param name="q">[T, H * D].</param>
    /// <param name="k">[T, K * D].</param>
    /// <param name="v">[T, K * D].</param>
    /// <param name="batch">The step; no sequence has a past.</param>
    /// <param name="spec">Heads, scale, soft-cap, window.</param>
    /// <returns>[T, H * D].</returns>
    Matrix Attention(Matrix q, Matrix k, Matrix v, SequenceBatch batch, in AttentionSpec spec);

    /// <summary>The same equation over the keys and values in each sequence's cache, this step's rows included.</summary>
    /// <param name="q">[T, H * D].</param>
    /// <param name="batch">The step, after <see cref="AppendKeyValues"/> for this layer.</param>
    /// <param name="layer">Decoder layer, from 0.</param>
    /// <param name="spec">Heads, scale, soft-cap, window.</param>
    /// <returns>[T, H * D].</returns>
    Matrix CachedAttention(Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec);

    /// <summary>
    /// What <see cref="CachedAttention"/> multiplies the values by, for looking at and not for speed: row i * H + h of the result
    /// is softmax_j(cap(scale * q . k_j)) of row rows[i] and head h over the cached tokens j of its sequence, exactly 0 where the mask
    /// hides j and behind the sequence's end. Attention itself never writes these numbers down.
    /// </summary>
    /// <param name="q">[T, H * D].</param>
    /// <param name="batch">The step, after <see cref="AppendKeyValues"/> for this layer.</param>
    /// <param name="layer">Decoder layer, from 0.</param>
    /// <param name="spec">Heads, scale, soft-cap, window.</param>
    /// <param name="rows">n rows of q; each costs H * L numbers.</param>
    /// <returns>[n * H, L], L the cached tokens of the step's longest sequence, this step's rows included.</returns>
    Matrix AttentionWeights(Matrix q, SequenceBatch batch, int layer, in AttentionSpec spec, ReadOnlySpan<int> rows);

    /// <summary>Embedding lookup: y[t] = scale * table[ids[t]].</summary>
    /// <param name="table">[V, F].</param>
    /// <param name="ids">T ids in [0, V).</param>
    /// <param name="scale">sqrt(F) in Gemma.</param>
    /// <returns>[T, F].</returns>
    Matrix Embed(Weight table, ReadOnlySpan<int> ids, float scale);

    /// <summary>y = x, but row targets[i] is row i of <paramref name="rows"/>: the image rows take the place of their placeholders.</summary>
    /// <param name="x">[T, F].</param>
    /// <param name="rows">[n, F].</param>
    /// <param name="targets">n distinct rows of x.</param>
    /// <returns>[T, F].</returns>
    Matrix ReplaceRows(Matrix x, Matrix rows, ReadOnlySpan<int> targets);

    /// <summary>y[i] = x[indices[i]]: the rows that the head scores, one per sequence in generation.</summary>
    /// <param name="x">[T, F].</param>
    /// <param name="indices">n rows of x.</param>
    /// <returns>[n, F].</returns>
    Matrix SelectRows(Matrix x, ReadOnlySpan<int> indices);

    /// <summary>y = cap * tanh(x / cap) (Gemma 2, section 2).</summary>
    /// <param name="x">[T, F].</param>
    /// <param name="cap">The bound, above 0.</param>
    /// <returns>[T, F].</returns>
    Matrix SoftCap(Matrix x, float cap);

    /// <summary>Per row: y = x - max(x) - log(sum(exp(x - max(x)))).</summary>
    /// <param name="x">[T, V].</param>
    /// <returns>[T, V].</returns>
    Matrix LogSoftmax(Matrix x);

    /// <summary>Per row the largest value and where it stands; of equal ones the lowest index. A NaN is never the largest.</summary>
    /// <param name="x">[T, V].</param>
    /// <param name="indices">T places.</param>
    /// <param name="values">T values.</param>
    void ArgMax(Matrix x, Span<int> indices, Span<float> values);
}
