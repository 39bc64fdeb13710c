using System.Text.Json;
using Microsoft.AspNetCore.Http;
using VlmSharp.Server.Protocol;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Chat;

/// <summary><c>GET /v1/models</c> and <c>/v1/models/{id}</c>: the model, and an entry for each adapter.</summary>
internal static class ModelsRoute
{
    /// <summary>Lists them.</summary>
    public static Task ListAsync(HttpContext http, ServedModel served) => JsonResponse.WriteAsync(http.Response, json =>
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        foreach (string name in served.Names) WriteModel(json, served, name);
        json.WriteEndArray();
        json.WriteEndObject();
    }, http.RequestAborted);

    /// <summary>Describes one.</summary>
    public static Task GetAsync(HttpContext http, ServedModel served)
    {
        (string id, _) = served.Find(http.Request.RouteValues["id"] as string);
        return JsonResponse.WriteAsync(http.Response, json => WriteModel(json, served, id), http.RequestAborted);
    }

    private static void WriteModel(Utf8JsonWriter json, ServedModel served, string name)
    {
        json.WriteStartObject();
        json.WriteString("id", name);
        json.WriteString("object", "model");
        json.WriteNumber("created", served.Created);
        json.WriteString("owned_by", "vlmsharp");
        json.WriteEndObject();
    }
}
