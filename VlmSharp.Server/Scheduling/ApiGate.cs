using Microsoft.AspNetCore.Http;
using VlmSharp.Generation;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Observing;

namespace VlmSharp.Server.Scheduling;

/// <summary>Stands before every route that asks the model: lets requests in while the server is ready and not too many wait.</summary>
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

    /// <summary>What Core says of a request, without where the model lies.</summary>
    public static ApiException Told(RequestException error, VisionLanguageModel model) =>
        ApiException.Invalid(error.Message.Replace(model.Checkpoint.Directory, "The model", StringComparison.Ordinal), error.Parameter);
}
