using VlmSharp.Compute;
using VlmSharp.Compute.Operators;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// Explains scores that are not finite numbers. The request is computed once more and every stage is checked, so that the error names the
/// first wrong one. Only a failure has this cost.
/// </summary>
internal static class NonFiniteScores
{
    /// <summary>Finds the stage.</summary>
    /// <param name="model">The network that gave the scores; it runs once more.</param>
    /// <param name="prompt">The ids and pixels of the request.</param>
    /// <param name="history">[T]: the prompt and the new tokens before the scores.</param>
    /// <returns>The error of the request.</returns>
    public static ModelFormatException Error(PaliGemmaModel model, PreparedPrompt prompt, ReadOnlySpan<int> history)
    {
        var finder = new Finder(model.Backend);
        string where;
        try
        {
            Run(model, prompt, history, finder);
            where = finder.Found ?? "a second run, stage by stage, gave finite numbers, so memory or files may have changed meanwhile";
        }
        catch (DeviceMemoryException)
        {
            where = finder.Found ?? "the device has no room for a second run that finds the layer";
        }

        string whose = prompt.Adapter is null ? "model" : "model or its adapter";
        return new ModelFormatException(
            $"The scores of the next token are not finite numbers: {where}. "
            + $"The weights of the {whose} are damaged, or too large to compute with; "
            + "get the files again, or try the model in another format.");
    }

    private static void Run(PaliGemmaModel model, PreparedPrompt prompt, ReadOnlySpan<int> history, Finder finder)
    {
        IComputeBackend b = model.Backend;
        List<(PictureKey Key, float[] Pixels)> pictures = [.. prompt.Keys.Zip(prompt.Pixels)];
        using Matrix images = pictures.Count == 0 ? default : ImageFeatureCache.Run(model, pictures, finder); // [pictures * N, h]
        int imageToken = model.Config.ImageTokenId;
        int[] tokens = history.ToArray();
        int[] places = [.. Enumerable.Range(0, prompt.Ids.Length).Where(i => tokens[i] == imageToken)];
        using Indices ids = b.Upload(tokens);
        using Indices at = images.HasValue ? b.Upload(places) : default;
        using Matrix input = model.Embed(ids, images, at); // [T, h]

        // Without a cache: the step consists of the prompt and the tokens after it, as if both were new.
        var batch = new SequenceBatch();
        batch.Add(tokens.Length, prompt.Ids.Length, prompt.Adapter);
        using Matrix hidden = model.Decode(input, b.Prepare(batch), finder); // [T, h]
        using Indices last = b.Upload([tokens.Length - 1]);
        using Matrix row = b.SelectRows(hidden, last); // [1, h]
        using Matrix logits = model.Logits(row, finder); // [1, V]
        finder.Record("logits", logits);
    }

    /// <summary>Looks for the first stage with a number that is not finite. Later stages are wrong as a consequence.</summary>
    private sealed class Finder(IComputeBackend b) : ITraceSink
    {
        /// <summary>What is wrong and where; null as long as nothing is.</summary>
        public string? Found { get; private set; }

        public void Record(string name, Matrix value)
        {
            if (Found is not null) return;
            float[] values = new float[checked((int)value.Length)];
            b.Download(value, values);
            int wrong = values.Count(x => !float.IsFinite(x));
            if (wrong == 0) return;
            string which = float.IsNaN(values.First(x => !float.IsFinite(x))) ? "NaN" : "infinite";
            Found = $"{name} is the first stage that has such ({wrong} of {values.Length}, the first is {which})";
        }
    }
}
