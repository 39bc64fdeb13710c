using VlmSharp.Checkpoints;
using VlmSharp.Compute.Host;
using VlmSharp.Imaging;
using VlmSharp.Models;

namespace VlmSharp.Generation;

/// <summary>
/// The memory that generating will need on a host backend, known before it runs: the model goes through one prefill and one decode
/// step on a backend that sets memory aside and computes nothing.
/// </summary>
/// <param name="PromptTokens">Tokens of each prompt, pictures included.</param>
/// <param name="NewTokens">New tokens of each request, at the most: as asked for, or what the context leaves.</param>
/// <param name="MappedBytes">Weights. They are mapped: the system keeps of them in memory what fits, and reads the rest again.</param>
/// <param name="KvCacheBytes">Keys and values of all requests.</param>
/// <param name="ActivationBytes">Tensors between the operators. Kept for reuse, so this is also what stays.</param>
/// <param name="PictureBytes">Pixels and image tokens on the host while they are encoded.</param>
public sealed record MemoryPlan(int PromptTokens, int NewTokens, long MappedBytes, long KvCacheBytes, long ActivationBytes, long PictureBytes)
{
    /// <summary>All but the weights.</summary>
    public long PrivateBytes => KvCacheBytes + ActivationBytes + PictureBytes;

    /// <summary>Plans a run.</summary>
    /// <param name="directory">The model folder.</param>
    /// <param name="requests">Requests that generate together, at least 1.</param>
    /// <param name="pictures">Pictures of each, at least 1.</param>
    /// <param name="textTokens">Text tokens of each prompt, at least 1.</param>
    /// <param name="newTokens">New tokens of each, at least 1.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="ModelFormatException">The folder is not a usable PaliGemma checkpoint.</exception>
    /// <exception cref="RequestException">The prompt does not fit the model's context.</exception>
    public static MemoryPlan For(string directory, int requests, int pictures, int textTokens, int newTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(requests);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pictures);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(textTokens);
        using var backend = new DryRunBackend();
        using var model = VisionLanguageModel.Open(directory, backend);
        TextConfig text = model.Model.Config.Text;
        int side = model.Preprocessor.Size;
        int prompt = checked(pictures * model.Model.Config.Vision.Patches + textTokens);
        int limit = new PreparedPrompt(new int[prompt], []).LimitNewTokens(newTokens, text);

        var options = new GenerationOptions { MaxNewTokens = newTokens, IgnoreEndOfSequence = true };
        using GenerationSession session = model.Start([.. Enumerable.Range(0, requests).Select(Request)], options);
        while (!session.IsFinished && session.Timings.DecodedTokens == 0) session.Step();

        long kv = 2L * text.Layers * text.KvHeads * text.HeadDim * (prompt + limit - 1) * sizeof(float) * requests;
        long picture = sizeof(float) * (3L * side * side + (long)model.Model.Config.Vision.Patches * text.HiddenSize);
        return new MemoryPlan(prompt, limit, model.Checkpoint.TotalBytes, kv, backend.AllocatedBytes, 2 * picture * requests * pictures);

        GenerationRequest Request(int index) => new()
        {
            PromptIds = new int[textTokens],
            Images = [.. Enumerable.Range(index * pictures, pictures).Select(Picture)],
        };

        // Equal pictures would be encoded once.
        RgbImage Picture(int number)
        {
            var image = new RgbImage(side, side);
            BitConverter.TryWriteBytes(image.Pixels.AsSpan(), number);
            return image;
        }
    }
}
