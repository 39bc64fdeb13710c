using Microsoft.AspNetCore.Http;
using VlmSharp.Preprocessing;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>Reads the pictures of requests.</summary>
/// <param name="source">Decodes and fetches; taken over.</param>
/// <param name="capacity">
/// Memory for the pictures of all requests at the model's size, in bytes. A request takes all that it needs before its first picture is
/// decoded: if it held some and waited for more, requests could wait for one another for ever.
/// </param>
internal sealed class PictureReader(PictureSource source, long capacity) : IDisposable
{
    /// <summary>That memory. Whole pictures stay in the source's.</summary>
    internal BufferBudget Memory { get; } = new(capacity);

    /// <summary>Reads pictures.</summary>
    /// <param name="call">The HTTP request; its limits hold, and its record notes each picture.</param>
    /// <param name="given">The pictures as they were sent; a single one if it is whole.</param>
    /// <param name="isWhole">Whether they are to be shown, and stay as they are.</param>
    /// <param name="param">The request's member that has them.</param>
    public async Task<SeenPictures> ReadAsync(
        ApiCall call, IReadOnlyList<GivenPicture> given, bool isWhole = false, string param = "image")
    {
        RequireCount(call, given.Count, param);
        var seen = new SeenPictures();
        try
        {
            if (!isWhole) seen.Hold(await Memory.TakeAsync(Math.Min(given.Count * call.Served.BytesPerPicture, capacity), call.Token));
            foreach (GivenPicture picture in given) await AddAsync(seen, call, picture, isWhole, param);
            return seen;
        }
        catch
        {
            seen.Dispose();
            throw;
        }
    }

    /// <summary>Nothing is decoded that cannot fit.</summary>
    private void RequireCount(ApiCall call, int count, string param)
    {
        source.CheckCount(count);
        int most = call.Served.Model.Config.Text.MaxPositions / call.Served.TokensPerPicture;
        if (count == 0)
            throw ApiException.Invalid(
                "The request has no picture: PaliGemma answers questions about pictures, so send at least one.", param, "missing_image");
        if (count > most)
            throw ApiException.Invalid(
                $"The request has {count} pictures, and the model's context has room for {most}: send fewer.", param, "too_many_images");
    }

    private async Task AddAsync(SeenPictures seen, ApiCall call, GivenPicture given, bool isWhole, string param)
    {
        try
        {
            ReadPicture read = await ReadAsync(call, given, $"Picture {seen.Count + 1}", isWhole ? null : call.Served.Model.Preprocessor);
            if (isWhole) seen.Hold(read.Memory);
            else read.Dispose(); // it has its share of the memory for all
            seen.Add(new SeenPicture(read.Image, read.Width, read.Height));
            lock (call.Record.Pictures)
                call.Record.Pictures.Add(new PictureFacts(read.Bytes, read.Width, read.Height, read.Format, read.Sha256[..8]));
        }
        catch (ApiException e) when (
            e is { Param: null, Status: StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge })
        {
            throw e.At(given.Uri?.Param ?? param); // what decodes a picture does not know where in the request it stood
        }
    }

    private async Task<ReadPicture> ReadAsync(ApiCall call, GivenPicture given, string name, ImagePreprocessor? resizing) =>
        given.Address() is { } address
            ? await source.ReadAsync(address, resizing, call.Token)
            : await source.DecodeAsync(() => given.Bytes(source.MaxBytes), name, resizing, call.Token);

    public void Dispose() => source.Dispose();
}
