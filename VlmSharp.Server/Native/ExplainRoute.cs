using VlmSharp.Explain;
using VlmSharp.Explain.Html;
using VlmSharp.Generation;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Native;

/// <summary><c>POST /v1/explain</c>: the page that shows what the model saw and did. The request is that of the other routes.</summary>
/// <param name="pictures">Reads the picture.</param>
internal sealed class ExplainRoute(PictureReader pictures)
{
    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(ApiCall call)
    {
        NativeRequest request = await NativeReader.ReadAsync(call, kind: null);
        // Its picture is kept whole, so a second one is refused before any is decoded.
        if (Explainer.Refusal(request.Pictures.Count) is { } refusal) throw ApiException.Invalid(refusal, "image", "too_many_images");

        using NativeJob job = await NativeJob.PrepareAsync(call, request, pictures, isWhole: true);
        call.ReleaseBody();
        using var page = new MemoryStream();
        using (Place place = await call.EnterAsync(1))
        {
            var options = new ExplanationOptions
            {
                MaxNewTokens = Math.Min(job.Options.MaxNewTokens, ExplanationOptions.LargestMaxNewTokens),
            };
            await Task.Run(() => Write(call, job.Asking, options, page), call.Token);
        }

        call.Http.Response.ContentType = "text/html; charset=utf-8";
        call.Http.Response.ContentLength = page.Length;
        call.Http.Response.Headers.XContentTypeOptions = "nosniff";
        page.Position = 0;
        await page.CopyToAsync(call.Http.Response.Body, call.Token);
    }

    // A method of its own: when the job ends, nothing refers to the explanation, which has the whole picture.
    private static void Write(ApiCall call, GenerationRequest asking, ExplanationOptions options, MemoryStream page)
    {
        Explanation explanation = Explainer.Run(call.Served.Model, asking, options, call.Token);
        ExplanationPage.Write(explanation with { ModelName = call.Record.Model! }, page);
    }
}
