mod gate;
mod requests;
