using System.Text.Json;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;
using VlmSharp.Tasks;

namespace VlmSharp.Server.Native;

/// <summary>Reads requests of our own routes, from JSON or a form.</summary>
internal static class NativeReader
{
    /// <summary>Reads one request.</summary>
    /// <param name="call">The HTTP request with a body of JSON or a form.</param>
    /// <param name="kind">What the route is for, or null where the members tell.</param>
    public static async Task<NativeRequest> ReadAsync(ApiCall call, TaskKind? kind)
    {
        if (!FormReader.IsForm(call.Http.Request)) return Read(await RequestBody.ReadJsonAsync(call), kind, call.Limits);
        (List<FormField> fields, Attachments files) = await FormReader.ReadAsync(call);
        return Read(fields, files, kind, call.Limits);
    }

    /// <summary>Reads a request from JSON.</summary>
    public static NativeRequest Read(ReadOnlyMemory<byte> body, TaskKind? kind, RequestLimits limits)
    {
        var request = new NativeRequest(new SamplingMembers(limits)) { Kind = kind };
        ReadWhole(body, limits, (ref Utf8JsonReader json) => NativeMembers.ReadObject(ref json, request, body, new Attachments(), limits));
        return request;
    }

    /// <summary>Reads a request from a form.</summary>
    public static NativeRequest Read(IReadOnlyList<FormField> fields, Attachments files, TaskKind? kind, RequestLimits limits)
    {
        var request = new NativeRequest(new SamplingMembers(limits)) { Kind = kind };
        foreach (FormField field in fields) ReadField(field, request, limits);
        foreach ((string name, ReadOnlyMemory<byte> file) in files.All)
            request.Pictures.Add(name == "image"
                ? new GivenPicture(file, null)
                : throw ApiException.Invalid(
                    "The form has a file that is not named image: give it that name.", "image", "unknown_parameter"));
        return request;
    }

    /// <summary>Reads the requests of a batch. An invalid one gets an error in its place; the others are kept.</summary>
    public static async Task<List<(NativeRequest? Request, ApiException? Error)>> ReadBatchAsync(ApiCall call)
    {
        if (!FormReader.IsForm(call.Http.Request)) return ReadBatch(await RequestBody.ReadJsonAsync(call), new Attachments(), call.Limits);
        (List<FormField> fields, Attachments files) = await FormReader.ReadAsync(call);
        return fields is [{ Name: "requests" } only]
            ? ReadBatch(only.Json, files, call.Limits)
            : throw ApiException.Invalid("The form of a batch has one field, requests, and files: send these.", "requests", "invalid_form");
    }

    /// <summary>Reads the requests of a batch from JSON, and the files beside it.</summary>
    public static List<(NativeRequest? Request, ApiException? Error)> ReadBatch(
        ReadOnlyMemory<byte> body, Attachments files, RequestLimits limits)
    {
        var all = new List<(NativeRequest?, ApiException?)>();
        ReadWhole(body, limits, (ref Utf8JsonReader json) =>
        {
            if (json.TokenType == JsonTokenType.StartArray)
            {
                ReadItems(ref json, all, body, files, limits); // as a form has them
                return;
            }

            JsonValues.BeginObject(ref json, null);
            var seen = new HashSet<string>();
            while (JsonValues.NextMember(ref json, seen, out string name))
            {
                if (name != "requests")
                    throw ApiException.Invalid($"There is no member {name} here: give requests.", name, "unknown_parameter");
                ReadItems(ref json, all, body, files, limits);
            }
        });
        return all.Count > 0
            ? all
            : throw ApiException.Invalid(
                "requests is missing or empty: give an array of requests.", "requests", "missing_required_parameter");
    }

    private static void ReadItems(
        ref Utf8JsonReader json,
        List<(NativeRequest?, ApiException?)> all,
        ReadOnlyMemory<byte> body,
        Attachments files,
        RequestLimits limits)
    {
        if (json.TokenType != JsonTokenType.StartArray) throw JsonValues.Wrong("requests", "an array of requests");
        while (JsonValues.NextItem(ref json))
        {
            if (all.Count == limits.MaxBatchRequests)
                throw ApiException.Invalid(
                    $"requests has more than {limits.MaxBatchRequests} requests: send several batches.", "requests", "too_many_requests");
            Utf8JsonReader start = json;
            try
            {
                var request = new NativeRequest(new SamplingMembers(limits));
                NativeMembers.ReadObject(ref json, request, body, files, limits, isItem: true);
                if (request.Streams)
                    throw ApiException.Invalid("stream is not for a request of a batch: leave it out.", "stream", "unsupported_parameter");
                all.Add((request, null));
            }
            catch (ApiException e)
            {
                all.Add((null, e));
                json = start;
                json.Skip();
            }
        }
    }

    private static void ReadField(FormField field, NativeRequest request, RequestLimits limits)
    {
        if (field.Name == "image")
            throw ApiException.Invalid("The form's image is a field and not a file: send the picture as a file.", "image", "invalid_form");
        ReadWhole(field.Json, limits, (ref Utf8JsonReader json) =>
        {
            if (!NativeMembers.TryRead(ref json, field.Name, request, limits))
                throw ApiException.Invalid(
                    "The form has a field of another name than the members on the page /docs.", code: "unknown_parameter");
        });
    }

    private delegate void Reading(ref Utf8JsonReader json);

    private static void ReadWhole(ReadOnlyMemory<byte> body, RequestLimits limits, Reading read)
    {
        var json = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = limits.MaxJsonDepth });
        try
        {
            json.Read();
            read(ref json);
            json.Read(); // nothing may follow
        }
        catch (JsonException e)
        {
            throw RequestBody.NotJson(e);
        }
    }
}
