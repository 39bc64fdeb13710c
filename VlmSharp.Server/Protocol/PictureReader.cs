using Microsoft.AspNetCore.Http;
using VlmSharp.Preprocessing;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;
using VlmSharp.Server.Pictures;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Protocol;

/// <summary>Reads the pictures of requests.</summary>
/// <param name="source">Decodes and fetches; taken over.</param>
internal sealed class PictureReader(PictureSource source) : IDisposable
{
    /// <summary>Reads pictures.</summary>
    /// <param name="call">The HTTP request; its limits hold, and its record notes each picture.</param>
    /// <param name="given">The pictures as they were sent.</param>
    /// <param name="isWhole">Whether they are to be shown, and stay as they are.</param>
    /// <param name="param">The request's member that has them.</param>
    public async Task<IReadOnlyList<SeenPicture>> ReadAsync(
        ApiCall call, IReadOnlyList<GivenPicture> given, bool isWhole = false, string param = "image")
    {
        RequireCount(call, given.Count, param);
        var all = new List<SeenPicture>();
        foreach (GivenPicture picture in given)
        {
            try
            {
                all.Add(await ReadAsync(call, picture, $"Picture {all.Count + 1}", isWhole));
            }
            catch (ApiException e) when (
                e is { Param: null, Status: StatusCodes.Status400BadRequest or StatusCodes.Status413PayloadTooLarge })
            {
                throw e.At(picture.Uri?.Param ?? param); // what decodes a picture does not know where in the request it stood
            }
        }

        return all;
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

    private async Task<SeenPicture> ReadAsync(ApiCall call, GivenPicture given, string name, bool isWhole)
    {
        ImagePreprocessor? resizing = isWhole ? null : call.Served.Model.Preprocessor;
        using ReadPicture read = given.Bytes(source.MaxBytes) is { } file
            ? await source.DecodeAsync(file, name, resizing, call.Token)
            : await source.ReadAsync(given.Address(), resizing, call.Token);
        lock (call.Record.Pictures)
            call.Record.Pictures.Add(new PictureFacts(read.Bytes, read.Width, read.Height, read.Format, read.Sha256[..8]));
        return new SeenPicture(read.Image, read.Width, read.Height);
    }

    public void Dispose() => source.Dispose();
}
