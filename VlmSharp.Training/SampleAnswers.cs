using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Training.Data;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training;

/// <summary>Greedy answers of the current model to some examples of the evaluation data.</summary>
/// <param name="model">The model in training.</param>
/// <param name="examples">Which questions are asked; their pictures are kept in memory.</param>
internal sealed class SampleAnswers(TrainableModel model, IReadOnlyList<PreparedExample> examples)
{
    private const int MostTokens = 64, PictureSide = 224;

    private readonly ModelContext context = new(model.Network, model.Tokenizer) { RequireUnchanged = model.RequireUnchanged };
    private readonly byte[]?[] thumbnails = [.. examples.Select(Picture)];

    /// <summary>Answers all of them in shared steps.</summary>
    /// <param name="cancellationToken">Looked at between tokens.</param>
    /// <returns>An answer for each.</returns>
    public IReadOnlyList<SampleGeneration> Run(CancellationToken cancellationToken)
    {
        if (examples.Count == 0) return [];
        context.Features.Clear(); // they were made with other weights
        var options = new GenerationOptions { MaxNewTokens = MostTokens };
        using var session = new GenerationSession(context, prepare: null, options);
        UInt128 pictures = 0;
        foreach (PreparedExample example in examples)
        {
            int[] prompt = [.. example.Tokens.Ids.Take(example.Tokens.PrefixLength)];
            PictureKey[] keys = [.. example.Pixels.Select(_ => new PictureKey(0, pictures++))]; // each is one of its own
            session.Add(new PreparedPrompt(prompt, example.Pixels) { Keys = keys }, options, null, 0);
        }

        while (!session.IsFinished)
        {
            cancellationToken.ThrowIfCancellationRequested();
            session.Step();
        }

        IReadOnlyList<GenerationResult> results = session.Results();
        return [.. examples.Select((e, i) => new SampleGeneration(e.Source.Prefix, e.Suffix, results[i].Text ?? "", thumbnails[i]))];
    }

    private static byte[]? Picture(PreparedExample example)
    {
        if (example.Source.Images is not [var path, ..]) return null;
        RgbImage picture = PictureFile.Load(path);
        double scale = Math.Min(1, (double)PictureSide / Math.Max(picture.Width, picture.Height));
        using var png = new MemoryStream();
        PngWriter.Write(picture.Resize(Math.Max(1, (int)(picture.Width * scale)), Math.Max(1, (int)(picture.Height * scale))), png);
        return png.ToArray();
    }
}
