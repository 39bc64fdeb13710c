using VlmSharp.Adapters;
using VlmSharp.Imaging;
using VlmSharp.Models;
using VlmSharp.Preprocessing;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation;

/// <summary>Turns requests into what the model needs: ids with placeholders, and normalized pixels.</summary>
/// <param name="config">Gives the number of a picture's tokens, the vocabulary and the positions.</param>
/// <param name="preprocessor">Turns pictures into pixels.</param>
/// <param name="tokenizer">The tokenizer, or null.</param>
/// <param name="adapters">The adapters that a request may name.</param>
/// <param name="directory">The model's folder, for messages.</param>
internal sealed class PromptPreparer(
    PaliGemmaConfig config, ImagePreprocessor preprocessor, ITokenizer? tokenizer, LoadedAdapters adapters, string directory)
{
    /// <summary>Prepares a request.</summary>
    /// <exception cref="RequestException">It does not fit the model.</exception>
    public PreparedPrompt Prepare(GenerationRequest request)
    {
        int[] ids = PromptIds(request);
        Adapter? adapter = adapters.Find(request.Adapter), ofImages = adapter is { ChangesImages: true } ? adapter : null;
        RgbImage[] resized = [.. request.Images.Select(preprocessor.Resize)];
        return new PreparedPrompt(ids, Array.ConvertAll(resized, preprocessor.Process))
        {
            Keys = Array.ConvertAll(resized, picture => PictureKey.Of(picture) with { Adapter = ofImages }),
            Adapter = adapter,
            Seed = request.Seed,
            Constraint = request.Constraint,
            Trace = request.Trace,
            Notes = request.Notes,
        };
    }

    /// <summary>Checks whether a request can be prepared, without looking at its pictures.</summary>
    /// <returns>Only the ids.</returns>
    /// <exception cref="RequestException">It does not fit the model.</exception>
    public int[] Check(GenerationRequest request)
    {
        _ = adapters.Find(request.Adapter);
        return PromptIds(request);
    }

    private int[] PromptIds(GenerationRequest request)
    {
        if (request.Images.Count == 0)
            throw new RequestException("The request has no picture: PaliGemma answers questions about pictures, so give at least one.");
        int placeholders = checked(request.Images.Count * config.Vision.Patches);
        int[] ids = request.PromptIds is { } given ? WithPlaceholders(given, placeholders) : Tokenize(request);
        int found = ids.Count(id => id == config.ImageTokenId);
        return found == placeholders
            ? ids
            : throw new RequestException(
                $"The prompt has {found} image placeholders, but {request.Images.Count} pictures need {placeholders}: " +
                "leave the placeholders out and they are put first.");
    }

    private int[] Tokenize(GenerationRequest request)
    {
        if (tokenizer is null)
            throw new RequestException(
                $"{directory} has no tokenizer.json or tokenizer.model: add one of them, or give the prompt as token ids.");
        return PromptTokens.Build(
            tokenizer, request.Prompt, config.Vision.Patches, request.ControlTokens, imageCount: request.Images.Count);
    }

    private int[] WithPlaceholders(IReadOnlyList<int> given, int placeholders)
    {
        int[] ids = new int[placeholders + given.Count];
        Array.Fill(ids, config.ImageTokenId, 0, placeholders);
        for (int i = 0; i < given.Count; i++)
        {
            if ((uint)given[i] >= (uint)config.Text.VocabSize)
                throw new RequestException($"Prompt id {given[i]} is outside the vocabulary of {config.Text.VocabSize} tokens.");
            ids[placeholders + i] = given[i];
        }

        return ids;
    }
}
