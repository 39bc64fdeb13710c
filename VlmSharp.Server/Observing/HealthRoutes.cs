using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace VlmSharp.Server.Observing;

/// <summary>
/// <c>/health/live</c>: 503 only when a restart would help. <c>/health/ready</c>: 200 only while requests are answered. Both say
/// <c>{"status", "phase", "reason"}</c> and ask for no key.
/// </summary>
internal static class HealthRoutes
{
    /// <summary>Maps both, for GET and HEAD. They need <see cref="ObservationServices.AddObservation"/>.</summary>
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        HealthState health = routes.ServiceProvider.GetRequiredService<HealthState>();
        Map(routes, QuietPaths.Live, () => health.Now, static now => now.Phase != HealthPhase.Failed);
        Map(routes, QuietPaths.Ready, () => health.Now, static now => now.Phase == HealthPhase.Ready);
    }

    private static void Map(IEndpointRouteBuilder routes, string path, Func<HealthReport> read, Func<HealthReport, bool> isWell) =>
        routes.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], context =>
        {
            HealthReport now = read();
            bool well = isWell(now);
            context.Response.StatusCode = well ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = "application/json";
            context.Response.Headers.CacheControl = "no-store";
            return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(Json(now, well), context.RequestAborted).AsTask();
        });

    private static byte[] Json(HealthReport now, bool isWell)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("status", isWell ? "ok" : "unavailable");
            json.WriteString("phase", Name(now.Phase));
            json.WriteString("reason", now.Reason);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static string Name(HealthPhase phase) => phase switch
    {
        HealthPhase.Loading => "loading",
        HealthPhase.Ready => "ready",
        HealthPhase.Draining => "draining",
        _ => "failed",
    };
}
