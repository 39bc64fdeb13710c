using VlmSharp.Compute;
using VlmSharp.Models;

namespace VlmSharp.Explain;

/// <summary>
/// Listens to a traced generation and keeps little of it: the size of each stage of the prompt's pass, and for each step the attention of
/// its last row. Each stage is reduced as soon as it is recorded, so memory holds one stage at a time whatever the picture's resolution.
/// </summary>
/// <param name="b">The backend that owns the tensors.</param>
/// <param name="vision">The picture's sizes.</param>
internal sealed class ExplanationSink(IComputeBackend b, VisionConfig vision) : ITraceSink
{
    // The finest map kept of a single layer; at 896 px its cells are two patches wide.
    private const int LargestLayerSide = 32;

    private readonly int[] lastRow = new int[1];
    private readonly List<LayerAttention> layers = [];
    private bool[] isImage = []; // for each token of the prompt, whether it stands for a patch
    private float[] buffer = [];
    private double[] weights = []; // [L], the sum over the layers so far
    private bool inPrompt = true;

    /// <summary>Sets which tokens of the prompt stand for patches, before the first step.</summary>
    public void Begin(bool[] imageTokens) => isImage = imageTokens;

    /// <summary>The scores that chose the last token, [V].</summary>
    public float[] StepLogits { get; private set; } = [];

    /// <summary>The prompt's stages.</summary>
    public List<StageNorm> Norms { get; } = [];

    /// <inheritdoc/>
    public ReadOnlySpan<int> AttentionRows(SequenceBatch batch)
    {
        lastRow[0] = batch.TotalRows - 1;
        return lastRow;
    }

    /// <inheritdoc/>
    public void Record(string name, Matrix value)
    {
        string[] parts = name.Split('.');
        if (name == "step.logits") StepLogits = Download(value).ToArray();
        else if (parts is ["text", "layer", _, "weights"]) AddLayer(Download(value), value.Rows);
        else if (inPrompt && parts is not [_, "layer", _, _]) Norms.Add(Measure(name, Download(value), value.Rows));
    }

    /// <summary>Ends a step and returns the attention of the layers recorded in it.</summary>
    /// <returns>[L], its division, its map and each layer's.</returns>
    public (float[] Weights, AttentionShare Share, AttentionMap Map, LayerAttention[] Layers) TakeStep()
    {
        inPrompt = false;
        float[] mean = Array.ConvertAll(weights, w => (float)(w / layers.Count)); // [L]
        LayerAttention[] each = [.. layers];
        layers.Clear();
        return (mean, Divide(mean), MapOf(mean, patchesPerCell: 1), each);
    }

    /// <summary>Adds a layer's weights [H, L] as the mean over its heads.</summary>
    private void AddLayer(ReadOnlySpan<float> rows, int heads)
    {
        float[] mean = new float[rows.Length / heads];
        if (layers.Count == 0) weights = new double[mean.Length];
        for (int j = 0; j < mean.Length; j++)
        {
            double sum = 0;
            for (int h = 0; h < heads; h++) sum += rows[h * mean.Length + j];
            mean[j] = (float)(sum / heads);
            weights[j] += sum / heads;
        }

        layers.Add(new LayerAttention(Divide(mean), MapOf(mean, (vision.PatchesPerSide + LargestLayerSide - 1) / LargestLayerSide)));
    }

    private AttentionShare Divide(ReadOnlySpan<float> attention)
    {
        double picture = 0, prompt = 0, generated = 0;
        for (int j = 0; j < attention.Length; j++)
        {
            if (j >= isImage.Length) generated += attention[j];
            else if (isImage[j]) picture += attention[j];
            else prompt += attention[j];
        }

        return new AttentionShare(picture, prompt, generated);
    }

    private AttentionMap MapOf(ReadOnlySpan<float> attention, int patchesPerCell)
    {
        int perSide = vision.PatchesPerSide, side = (perSide + patchesPerCell - 1) / patchesPerCell, patch = 0;
        float[] cells = new float[side * side];
        for (int j = 0; j < isImage.Length; j++)
        {
            if (!isImage[j]) continue;
            cells[patch / perSide / patchesPerCell * side + patch % perSide / patchesPerCell] += attention[j];
            patch++;
        }

        return new AttentionMap(side, patchesPerCell, cells);
    }

    private StageNorm Measure(string name, ReadOnlySpan<float> values, int rows)
    {
        bool hasText = name.StartsWith("text.", StringComparison.Ordinal);
        double image = 0, text = 0;
        int columns = values.Length / rows, texts = 0;
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> x = values.Slice(row * columns, columns);
            double square = 0;
            foreach (float value in x) square += (double)value * value;
            if (!hasText || isImage[row]) image += square;
            else (text, texts) = (text + square, texts + 1);
        }

        return new StageNorm(name, Root(image, rows - texts), texts == 0 ? null : Root(text, texts));

        double Root(double sum, int count) => Math.Sqrt(sum / Math.Max(1, (double)count * columns));
    }

    private ReadOnlySpan<float> Download(Matrix value)
    {
        int length = checked((int)value.Length);
        if (buffer.Length < length) buffer = new float[length];
        Span<float> values = buffer.AsSpan(0, length);
        b.Download(value, values);
        return values;
    }
}
