using Microsoft.AspNetCore.Http;
using VlmSharp.Generation;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Scheduling;

/// <summary>Guards every route that asks the model: admits requests while the server is ready and not too many wait.</summary>
internal sealed class ApiGate(RequestLimits limits, Lifecycle lifecycle, Admission admission)
{
    private readonly BufferBudget budget = new(limits.MaxBufferedBytes);

    /// <summary>A route that works while the model is loaded, and does not wait in the queue.</summary>
    public RequestDelegate Open(Func<HttpContext, ServedModel, Task> handler) => async http =>
    {
        ServedModel served = Enter(RequestRecord.Of(http));
        try
        {
            await handler(http, served);
        }
        finally
        {
            lifecycle.Leave();
        }
    };

    /// <summary>A route that asks the model.</summary>
    public RequestDelegate Around(Func<ApiCall, Task> handler) => Open(async (http, served) =>
    {
        string client = RequestRecord.Of(http).Client;
        using var call = new ApiCall(http, served, limits, admission.Arrive(client), budget, lifecycle.Cut);
        try
        {
            await handler(call);
        }
        catch (OperationCanceledException) when (call.Token.IsCancellationRequested)
        {
            throw call.Reason();
        }
        catch (RequestException e)
        {
            throw Told(e, served.Model);
        }
    });

    private ServedModel Enter(RequestRecord record)
    {
        try
        {
            return lifecycle.Enter();
        }
        catch (ApiException e)
        {
            record.Rejection = e.Code == "loading" ? Rejection.Loading : Rejection.Draining;
            throw;
        }
    }

    /// <summary>Core's error for a request, with the member names of requests and without the model's path.</summary>
    public static ApiException Told(RequestException error, VisionLanguageModel model)
    {
        string? param = error.Parameter switch
        {
            "max_new_tokens" => "max_tokens",
            "min_new_tokens" => "min_tokens",
            "stop_strings" => "stop",
            "stop_ids" => "stop_token_ids",
            var same => same,
        };
        string message = error.Message.Replace(model.Checkpoint.Directory, "The model", StringComparison.Ordinal);
        if (error.Parameter is { } name && message.StartsWith(name, StringComparison.Ordinal)) message = param + message[name.Length..];
        return ApiException.Invalid(message, param);
    }
}
